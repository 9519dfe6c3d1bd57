package duckdb

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"unsafe"

	bindings "github.com/duckdb/duckdb-go-bindings"
	duck "github.com/duckdb/duckdb-go/v2"
)

// vectors is a DuckDB that hands out results as it holds them, column by column:
// database/sql would make a value of each field. It is an instance of its own beside
// the engine's, since the driver shares its instances with nobody, with the same
// settings and the same fence.
type vectors struct {
	db bindings.Database
}

func openVectors(ctx context.Context, e *Engine) (*vectors, error) {
	v := &vectors{}
	if bindings.Open("", &v.db) == bindings.StateError {
		bindings.Close(&v.db)
		return nil, errors.New("open duckdb for reading vectors")
	}
	conn, err := v.connect()
	if err != nil {
		v.close()
		return nil, err
	}
	defer bindings.Disconnect(&conn)
	if err := e.configureBy(ctx, filepath.Join(e.spill.Path(), "vectors"), func(_ context.Context, statement string) error { return run(conn, statement) }); err != nil {
		v.close()
		return nil, err
	}
	return v, nil
}

func (v *vectors) close() { bindings.Close(&v.db) }

func (v *vectors) connect() (bindings.Connection, error) {
	var conn bindings.Connection
	if bindings.Connect(v.db, &conn) == bindings.StateError {
		return conn, errors.New("connect to duckdb")
	}
	return conn, nil
}

func run(conn bindings.Connection, statement string) error {
	var result bindings.Result
	defer bindings.DestroyResult(&result)
	if bindings.Query(conn, statement, &result) == bindings.StateError {
		return resultError(&result)
	}
	return nil
}

// resultError is the driver's error for a result that has one.
func resultError(result *bindings.Result) error {
	return &duck.Error{Type: duck.ErrorType(bindings.ResultErrorType(result)), Msg: bindings.ResultError(result)}
}

// vectorStream is the result of one query, chunk by chunk. Its calls take turns,
// but for interrupt.
type vectorStream struct {
	conn      bindings.Connection
	statement bindings.PreparedStatement
	result    bindings.Result
	chunk     bindings.DataChunk
	columns   []*vector

	mu     sync.Mutex // guards conn against an interrupt after its end
	closed bool
}

// vector is a column of the chunk at hand.
type vector struct {
	kind  bindings.Type
	inner bindings.Type // of a decimal: how it is held
	scale int           // of a decimal
	data  unsafe.Pointer
	valid unsafe.Pointer // bits of uint64, nil where nothing is null
}

// stream begins a query. Close the stream.
func (v *vectors) stream(query string) (*vectorStream, error) {
	conn, err := v.connect()
	if err != nil {
		return nil, err
	}
	s := &vectorStream{conn: conn}
	if bindings.Prepare(conn, query, &s.statement) == bindings.StateError {
		err := errors.New(bindings.PrepareError(s.statement))
		s.close()
		return nil, err
	}
	// Without it the result would be held whole. DuckDB calls it deprecated, and has
	// nothing in its place.
	if bindings.ExecutePreparedStreaming(s.statement, &s.result) == bindings.StateError {
		err := resultError(&s.result)
		s.close()
		return nil, err
	}
	for i := range bindings.ColumnCount(&s.result) {
		s.columns = append(s.columns, vectorOf(&s.result, i))
	}
	return s, nil
}

func vectorOf(result *bindings.Result, i bindings.IdxT) *vector {
	logical := bindings.ColumnLogicalType(result, i)
	defer bindings.DestroyLogicalType(&logical)
	v := &vector{kind: bindings.GetTypeId(logical)}
	if v.kind == bindings.TypeDecimal {
		v.inner, v.scale = bindings.DecimalInternalType(logical), int(bindings.DecimalScale(logical))
	}
	return v
}

// next brings the next chunk and returns its rows, 0 at the end.
func (s *vectorStream) next() (int, error) {
	bindings.DestroyDataChunk(&s.chunk)
	s.chunk = bindings.FetchChunk(s.result)
	if s.chunk.Ptr == nil {
		if text := bindings.ResultError(&s.result); text != "" {
			return 0, resultError(&s.result)
		}
		return 0, nil
	}
	for i, c := range s.columns {
		held := bindings.DataChunkGetVector(s.chunk, bindings.IdxT(i))
		c.data, c.valid = bindings.VectorGetData(held), bindings.VectorGetValidity(held)
	}
	return int(bindings.DataChunkGetSize(s.chunk)), nil
}

// interrupt ends the query while another goroutine waits in next.
func (s *vectorStream) interrupt() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.closed {
		bindings.Interrupt(s.conn)
	}
}

func (s *vectorStream) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return
	}
	s.closed = true
	bindings.DestroyDataChunk(&s.chunk)
	bindings.DestroyResult(&s.result)
	bindings.DestroyPrepare(&s.statement)
	bindings.Disconnect(&s.conn)
}

func (v *vector) null(row int) bool {
	return v.valid != nil && *(*uint64)(unsafe.Add(v.valid, row>>6<<3))&(1<<(row&63)) == 0
}

// at is the value of a row, which T must lay out as DuckDB does.
func at[T any](v *vector, row int) T {
	var size T
	return *(*T)(unsafe.Add(v.data, uintptr(row)*unsafe.Sizeof(size)))
}

// text is a string as DuckDB holds it: of up to 12 bytes within, a longer one
// elsewhere. It is good until the next chunk.
func (v *vector) text(row int) []byte {
	const inlined = 12
	at := unsafe.Add(v.data, row*16)
	length := *(*uint32)(at)
	if length <= inlined {
		return unsafe.Slice((*byte)(unsafe.Add(at, 4)), length)
	}
	return unsafe.Slice(*(**byte)(unsafe.Add(at, 8)), length)
}

// huge is a 128-bit integer as DuckDB holds it.
type huge struct {
	low  uint64
	high int64
}

// String names the type as errors show it.
func (v *vector) String() string {
	if v.kind == bindings.TypeDecimal {
		return fmt.Sprintf("decimal of scale %d", v.scale)
	}
	return fmt.Sprintf("type %d of DuckDB", v.kind)
}
