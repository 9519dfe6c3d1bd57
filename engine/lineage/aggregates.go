package lineage

import (
	"slices"
	"strings"
)

// aggregates are DuckDB's aggregate functions: the tree calls them functions like
// others. A test compares the list with DuckDB's own catalogue.
var aggregates = strings.Fields(`any_value approx_count_distinct approx_quantile approx_top_k arbitrary arg_max arg_max_null
	arg_max_nulls_last arg_min arg_min_null arg_min_nulls_last argmax argmin array_agg avg bit_and bit_or bit_xor bitstring_agg bool_and
	bool_or corr count count_if count_star countif covar_pop covar_samp entropy favg first first_value fsum group_concat histogram
	histogram_exact kahan_sum kurtosis kurtosis_pop last last_value list listagg mad max max_by mean median min min_by mode nth_value
	product quantile quantile_cont quantile_disc regr_avgx regr_avgy regr_count regr_intercept regr_r2 regr_slope regr_sxx regr_sxy
	regr_syy reservoir_quantile sem skewness stddev stddev_pop stddev_samp string_agg sum sum_no_overflow sumkahan var_pop var_samp
	variance wavg geomean geometric_mean weighted_avg json_group_array json_group_object json_group_structure`)

func isAggregate(e node) bool {
	return e.class() == "FUNCTION" && slices.Contains(aggregates, strings.ToLower(e.text("function_name")))
}
