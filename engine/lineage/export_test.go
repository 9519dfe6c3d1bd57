package lineage

// IsAggregate reports whether a function is in the list of aggregates.
func IsAggregate(name string) bool {
	return isAggregate(node{"class": "FUNCTION", "function_name": name})
}
