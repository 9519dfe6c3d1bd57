package model

import (
	"slices"
	"strings"
)

// The names by which DuckDB and Spark reach the clock, chance, the session or the
// order of reading. A test compares them with DuckDB's own catalogue.
var (
	impureFunctions = []string{
		"now", "today", "current_date", "current_time", "current_timestamp", "get_current_time", "get_current_timestamp",
		"current_localtime", "current_localtimestamp", "localtime", "localtimestamp", "transaction_timestamp",
		"unix_timestamp", "curdate",
		"random", "rand", "randn", "setseed", "shuffle", "uuid", "gen_random_uuid", "uuidv4", "uuidv7",
		"nextval", "currval", "monotonically_increasing_id", "spark_partition_id", "input_file_name",
		"getenv", "getvariable", "current_setting", "current_database", "current_catalog", "current_schema", "current_schemas",
		"in_search_path", "current_user", "session_user", "current_query", "current_query_id", "current_connection_id",
		"current_transaction_id", "txid_current", "stats", "version", "sleep_ms", "write_log",
		"reservoir_quantile", "approx_quantile", "approx_top_k",
	}
	impureColumns = []string{
		"current_date", "current_time", "current_timestamp", "localtime", "localtimestamp", "current_user", "session_user",
		"current_catalog", "current_schema", "rowid",
	}
	orderedAggregates = []string{
		"first", "last", "any_value", "arbitrary", "first_value", "last_value",
		"list", "array_agg", "collect_list", "string_agg", "group_concat", "listagg", "json_group_array", "json_group_object",
	}
	orderedWindows = []string{"row_number", "ntile", "lead", "lag", "fill", "nth_value"}
)

// expression finds what makes an expression's value depend on more than its row.
func (w *walker) expression(n map[string]any) {
	switch text(n, "class") {
	case "COLUMN_REF":
		path := list(n, "column_names")
		if len(path) == 0 {
			return
		}
		name, _ := path[len(path)-1].(string)
		if slices.Contains(impureColumns, strings.ToLower(name)) && (len(path) == 1 || strings.EqualFold(name, "rowid")) {
			w.impure(n, strings.ToLower(name))
		}
	case "FUNCTION":
		name := strings.ToLower(text(n, "function_name"))
		switch {
		case slices.Contains(impureFunctions, name), name == "age" && len(list(n, "children")) == 1:
			w.impure(n, name+"()")
		case slices.Contains(orderedAggregates, name) && len(list(child(n, "order_bys"), "orders")) == 0:
			w.disorder(n, name+"()", "write "+name+"(... order by ...)")
		}
	case "WINDOW":
		w.window(n)
	}
}

// window finds a window that needs an order and has none.
func (w *walker) window(n map[string]any) {
	if len(list(n, "orders")) > 0 || len(list(n, "arg_orders")) > 0 {
		return
	}
	name := strings.ToLower(text(n, "function_name"))
	rows := strings.HasSuffix(text(n, "start"), "_ROWS") || strings.HasSuffix(text(n, "end"), "_ROWS")
	if slices.Contains(orderedWindows, name) || slices.Contains(orderedAggregates, name) || rows {
		w.disorder(n, name+"() over (...)", "put ORDER BY into the window")
	}
}

// modifiers finds a choice of rows without an order, and samples.
func (w *walker) modifiers(n map[string]any) {
	if child(n, "sample") != nil {
		w.find(n, "a sample is not the same twice", "")
	}
	var ordered bool
	for _, m := range list(n, "modifiers") {
		modifier, _ := m.(map[string]any)
		ordered = ordered || text(modifier, "type") == "ORDER_MODIFIER"
	}
	if ordered {
		return
	}
	for _, m := range list(n, "modifiers") {
		modifier, _ := m.(map[string]any)
		switch text(modifier, "type") {
		case "LIMIT_MODIFIER", "LIMIT_PERCENT_MODIFIER":
			at := child(modifier, "limit")
			if at == nil {
				at = child(modifier, "offset")
			}
			w.disorder(at, "LIMIT", "put ORDER BY before it")
		case "DISTINCT_MODIFIER":
			if on := list(modifier, "distinct_on_targets"); len(on) > 0 {
				at, _ := on[0].(map[string]any)
				w.disorder(at, "DISTINCT ON", "put ORDER BY behind it")
			}
		}
	}
}

func (w *walker) impure(n map[string]any, what string) {
	remedy := ""
	if strings.Contains(what, "date") || strings.Contains(what, "time") || what == "now()" || what == "today()" || what == "age()" {
		remedy = "use " + BusinessDay + " for the date"
	}
	w.find(n, what+" is not the same twice: a model's rows are decided by its inputs alone", remedy)
}

func (w *walker) disorder(n map[string]any, what, remedy string) {
	w.find(n, what+" without ORDER BY: which rows it takes is not decided", remedy)
}
