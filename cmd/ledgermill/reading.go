package main

import (
	"context"
	"fmt"
	"path/filepath"
	"sync"

	"ledgermill/engine"
	"ledgermill/engine/duckdb"
	"ledgermill/engine/lake"
)

// httpfs looks for the extension once, when a command needs it.
type httpfs struct {
	once  sync.Once
	found duckdb.Extension
}

func (w *workspace) findHTTPFS(ctx context.Context) duckdb.Extension {
	w.httpfs.once.Do(func() {
		w.httpfs.found = duckdb.FindHTTPFS(ctx, duckdb.ExtensionSource{Directory: filepath.Join(w.cache(), "duckdb"), From: w.config.Engine.HTTPFS, Log: w.log})
		if !w.httpfs.found.Available() {
			w.log.WarnContext(ctx, "objects are fetched before they are read", "error", w.httpfs.found.Err(), "try", w.httpfs.found.Try())
		}
	})
	return w.httpfs.found
}

// reading is how objects of the stores are read that are no directories; nil where
// all are. Nothing is looked for where the settings decide it.
func (w *workspace) reading(ctx context.Context, stores ...lake.Store) *engine.Reading {
	var buckets []*lake.Bucket
	for _, s := range stores {
		if b, ok := s.(*lake.Bucket); ok {
			buckets = append(buckets, b)
		}
	}
	switch {
	case buckets == nil:
		return nil
	case w.config.Engine.FetchFirst:
		return &engine.Reading{Way: engine.Fetched, Causes: []string{"engine.fetch_first is true"}}
	}
	ca := ""
	for _, b := range buckets {
		switch own := b.Access(); {
		case !own.Secure || own.CAFile == "" || own.CAFile == ca:
		case ca == "":
			ca = own.CAFile
		default:
			return &engine.Reading{Way: engine.Fetched, Causes: []string{
				fmt.Sprintf("httpfs takes one file of certificates, and there are %s and %s: put both into one", ca, own.CAFile)}}
		}
	}
	found := w.findHTTPFS(ctx)
	if found.Available() {
		return &engine.Reading{Way: engine.InPlace, HTTPFS: fmt.Sprintf("%s (%s)", found.Version, found.From), TrustReader: w.config.Lake.TrustReader}
	}
	r := &engine.Reading{Way: engine.Fetched}
	for _, cause := range found.Causes {
		r.Causes = append(r.Causes, cause.Error())
	}
	return r
}

// reach adds to the settings of a DuckDB what it needs to read in stores.
func (w *workspace) reach(ctx context.Context, s *duckdb.Settings, stores []lake.Store) {
	reading := w.reading(ctx, stores...)
	for _, store := range stores {
		b, bucket := store.(*lake.Bucket)
		switch {
		case !bucket:
			s.Readable = append(s.Readable, store.Location(""))
		case reading.Way == engine.InPlace:
			s.Extension = w.findHTTPFS(ctx)
			s.Remotes = append(s.Remotes, remoteOf(b))
		}
	}
}

// remoteOf tells a DuckDB what it needs to know of a bucket.
func remoteOf(b *lake.Bucket) duckdb.Remote {
	access := b.Access()
	return duckdb.Remote{URI: b.URL(), Endpoint: access.Host, Region: access.Region, TLS: access.Secure, PathStyle: access.PathStyle, CAFile: access.CAFile,
		Credentials: func(context.Context) (duckdb.Credentials, error) {
			return duckdb.Credentials{KeyID: access.AccessKey.Reveal(), Secret: access.SecretKey.Reveal(), Session: access.SessionToken.Reveal()}, nil
		}}
}
