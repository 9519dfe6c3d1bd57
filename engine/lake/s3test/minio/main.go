// Minio starts a local MinIO for playing, builds it first if need be, and prints
// what ledgermill needs to reach it. It runs until it is interrupted.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"ledgermill/engine/lake/s3test"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) (err error) {
	data := flag.String("data", "", "`DIR` of the objects; by default a temporary one, removed at the end")
	address := flag.String("address", "127.0.0.1:9000", "`HOST:PORT` to listen on")
	flag.Parse()
	dir := *data
	if dir == "" {
		if dir, err = os.MkdirTemp("", "ledgermill-minio-"); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	} else if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	server, err := s3test.MinIO().Start(ctx, s3test.Options{Data: dir, Address: *address, AccessKey: "ledgermill", SecretKey: "ledgermill", Log: os.Stderr})
	if err != nil {
		return err
	}
	s := server.Settings
	fmt.Printf(`MinIO answers at %[1]s, its objects lie in %[2]s. In another shell:

  export LEDGERMILL_S3_ENDPOINT=%[1]s LEDGERMILL_S3_REGION=%[3]s
  export LEDGERMILL_S3_ACCESS_KEY=%[4]s LEDGERMILL_S3_SECRET_KEY=%[5]s
  ledgermill lake mb s3://bank
  export LEDGERMILL_INPUT=s3://bank/raw LEDGERMILL_LAKE_ROOT=s3://bank/lake

Control-C ends it.
`, s.Endpoint, dir, s.Region, s.AccessKey.Reveal(), s.SecretKey.Reveal())
	select {
	case <-ctx.Done():
	case <-server.Ended():
		return errors.New("MinIO has ended by itself")
	}
	return server.Stop()
}
