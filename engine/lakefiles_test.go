package engine_test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"path/filepath"
	"strings"

	"ledgermill/engine/job"
)

func digest(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:8])
}

// unitOfKey is the day of dataset/year=2025/month=1/day=31/part-0000.parquet.
func unitOfKey(key string) job.Unit {
	var year, month, day int
	i := strings.Index(key, "year=")
	if i < 0 {
		return job.Whole
	}
	if _, err := fmt.Sscanf(filepath.ToSlash(key[i:]), "year=%d/month=%d/day=%d", &year, &month, &day); err != nil {
		return job.Unit(fmt.Sprintf("%04d", year))
	}
	return job.Unit(fmt.Sprintf("%04d-%02d-%02d", year, month, day))
}
