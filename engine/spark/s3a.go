package spark

import "strconv"

// Store is how executors reach an object store.
type Store struct {
	Host                   string // and port
	Region                 string
	TLS, PathStyle         bool
	KeyID, Secret, Session string // empty: what the executors' own environment has
}

// S3A are the properties of Hadoop's S3A for one bucket. They hold the keys.
func S3A(bucket string, s Store) map[string]string {
	scheme := map[bool]string{true: "https://", false: "http://"}[s.TLS]
	of := "spark.hadoop.fs.s3a.bucket." + bucket + "."
	all := map[string]string{
		of + "endpoint":               scheme + s.Host,
		of + "endpoint.region":        s.Region,
		of + "path.style.access":      strconv.FormatBool(s.PathStyle),
		of + "connection.ssl.enabled": strconv.FormatBool(s.TLS),
	}
	if s.KeyID == "" {
		return all
	}
	provider := "org.apache.hadoop.fs.s3a.SimpleAWSCredentialsProvider"
	if s.Session != "" {
		provider = "org.apache.hadoop.fs.s3a.TemporaryAWSCredentialsProvider"
		all[of+"session.token"] = s.Session
	}
	all[of+"aws.credentials.provider"], all[of+"access.key"], all[of+"secret.key"] = provider, s.KeyID, s.Secret
	return all
}
