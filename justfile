# Thin wrappers: each recipe is one command that works without just.

# build the program into bin/
build:
    go build -buildvcs=true -o bin/ledgermill ./cmd/ledgermill

# the tests, as the README says
test:
    go test ./...

# the warehouse's tests on each PostgreSQL that it supports, 14 to 18, all though one fails
test-postgres-all:
    #!/usr/bin/env bash
    failed=()
    for version in 14 15 16 17 18; do
      LEDGERMILL_TEST_POSTGRES=$version go test -count=1 ./warehouse/... ./queries/... ./cmd/ledgermill || failed+=("$version")
    done
    [ ${#failed[@]} -eq 0 ] || { echo "failed on PostgreSQL ${failed[*]}"; exit 1; }

# a load that loses its server at every point, rather than at a few: takes long
test-sweep:
    LEDGERMILL_TEST_LONG=full go test -count=1 -timeout 60m -v -run 'AnyPoint' ./warehouse

# what the monitor costs, and whether it counts right, beside a run of so many records: takes minutes
monitor-cost rows="10000000":
    go test ./cmd/ledgermill -count=1 -v -timeout 60m -run 'TestMonitorBeside$' -monitor.rows {{rows}}

# a run that fails or is killed at each of its points, in so many parts, then kills at random
soak seed="1" kills="1000" parts="20":
    #!/usr/bin/env bash
    set -e
    go test -c -o bin/crash.test ./cmd/ledgermill
    cd cmd/ledgermill
    for part in $(seq {{parts}}); do
      LEDGERMILL_TEST_LONG=full ../../bin/crash.test -test.run 'TestSweep' -test.v -test.timeout 2h -crash.seed {{seed}} -crash.part $part/{{parts}}
    done
    LEDGERMILL_TEST_LONG=full ../../bin/crash.test -test.run 'TestRandomKills|TestSecondSignal|TestNetwork|TestSmallDisk' -test.v -test.timeout 6h -crash.seed {{seed}} -crash.kills {{kills}}

# the main job, end to end
demo:
    go run ./cmd/ledgermill demo

# the hot paths, the program end to end, and the load of a month: the rest is `ledgermill bench`
bench:
    go test ./bench -run '^$' -bench 'Hot|Mill' -benchtime 3x -timeout 60m

# the full report of docs/benchmarks: measures a million rows first, in so long; begun again, it goes on
bench-report budget="45m":
    mkdir -p docs/benchmarks .cache
    go build -buildvcs=true -o bin/ledgermill ./cmd/ledgermill # go run does not know its commit
    bin/ledgermill bench run --rows 1000000 --days 1 --budget {{budget}} --resume --output .cache/bench-$(git rev-parse --short=12 HEAD).json
    cp .cache/bench-$(git rev-parse --short=12 HEAD).json docs/benchmarks/bench.json
    bin/ledgermill bench report docs/benchmarks/bench.json --output docs/benchmarks

# the same work by the mill, PySpark and scripts: ten million rows, as much memory as the PySpark job has, 90 minutes
bench-peers rows="10000000" budget="90m" memory="8GB":
    mkdir -p .cache
    go build -buildvcs=true -o bin/ledgermill ./cmd/ledgermill
    bin/ledgermill bench run peers --rows {{rows}} --days 1 --memory {{memory}} --budget {{budget}} --resume --output .cache/peers-{{rows}}-{{memory}}-$(git rev-parse --short=12 HEAD).json
    bin/ledgermill bench report .cache/peers-{{rows}}-{{memory}}-$(git rev-parse --short=12 HEAD).json --output .cache --name peers-{{rows}}

# the same pages again from the samples that are there
bench-report-again:
    go run ./cmd/ledgermill bench report docs/benchmarks/bench.json --output docs/benchmarks

# each named query with and without partitions and indexes, ten days of a million rows: figures and plans into .cache/layouts
bench-layouts:
    go test ./bench -run '^$' -bench MillLayouts -benchtime 1x -timeout 60m -mill.long -layouts.output {{justfile_directory()}}/.cache/layouts -layouts.plans {{justfile_directory()}}/.cache/layouts/plans

# the load of thirty days of a million rows with all indexes, against scripts for psql
bench-month:
    go test ./bench -run '^$' -bench MillLoadMonth -benchtime 1x -timeout 60m -mill.long

# the plans of the named queries at ten million rows: takes minutes
test-plans:
    go test ./queries -count=1 -timeout 20m -run 'Plans$' -queries.plans 1000000

# a local MinIO for playing, built first if need be: prints how to reach it
minio:
    go run ./engine/lake/s3test/minio

# what CI checks besides the tests
lint:
    .ci/lint

# everything that CI runs
ci:
    .ci/run
