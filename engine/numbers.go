package engine

// Count writes a number with thousands separators: 1,003,412.
func Count(n int64) string { return count(n) }

// Bytes writes a size: 39 MB.
func Bytes(n int64) string { return bytesText(n) }
