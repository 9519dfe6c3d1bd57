package lake_test

import (
	"io"
	"net/http"
	"sync"
	"testing"

	"ledgermill/engine/lake"
)

// overtaken is a transport before whose first copy somebody else does something.
type overtaken struct {
	next http.RoundTripper
	once *sync.Once
	by   func()
}

func (o overtaken) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Header.Get("X-Amz-Copy-Source") != "" {
		o.once.Do(o.by)
	}
	return o.next.RoundTrip(r)
}

// TestCopyOvertaken has another process make the copy and replace the source while this
// one stands before the same copy: the former version has to stay the one that is kept.
func TestCopyOvertaken(t *testing.T) {
	t.Parallel()
	for _, program := range servers() {
		t.Run(program.Name, func(t *testing.T) {
			t.Parallel()
			server := program.Shared(t)
			place := server.Bucket(t) + "/x"
			other := store(t, server, place)
			publishFile(t, other, "unit", "the former rows")
			late := through(t, server.Settings, place, func(next http.RoundTripper) http.RoundTripper {
				return overtaken{next, &sync.Once{}, func() {
					if err := other.Copy(t.Context(), "unit", "kept"); err != nil {
						t.Error(err)
					}
					publishFile(t, other, "unit", "the new rows")
				}}
			})
			if err := late.Copy(t.Context(), "unit", "kept"); err != nil {
				t.Error(err)
			}
			for key, want := range map[string]string{"unit": "the new rows", "kept": "the former rows"} {
				if text := textOf(t, other, key); text != want {
					t.Errorf("%s is %q, want %q", key, text, want)
				}
			}
		})
	}
}

func textOf(t *testing.T, s lake.Store, key string) string {
	t.Helper()
	r, err := s.Open(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close() // it is read to its end
	data, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}
