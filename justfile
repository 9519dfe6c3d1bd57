# Thin wrappers: each recipe is one command that works without just.

# build the program into bin/
build:
    go build -o bin/ledgermill ./cmd/ledgermill

# the tests, as the README says
test:
    go test ./...

# the main job, end to end
demo:
    go run ./cmd/ledgermill demo

# the figures of the README, beside their floors
bench:
    go test ./bench -run '^$' -bench Mill -benchtime 3x -timeout 60m

# a local MinIO for playing, built first if need be: prints how to reach it
minio:
    go run ./engine/lake/s3test/minio

# what CI checks besides the tests
lint:
    .ci/lint

# everything that CI runs
ci:
    .ci/run
