// Package s3test gives tests real S3-compatible servers: MinIO and versitygw, each
// built once a machine with nothing but Go, started as a child process on a free
// port of the loopback interface, and gone with the tests that use it.
//
// MinIO is under the AGPL: it is run as a program and never linked.
package s3test
