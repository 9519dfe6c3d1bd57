package main

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"ledgermill/engine"
	"ledgermill/engine/lake"
	"ledgermill/engine/ledger"
)

// observed is what can be seen of a site from outside.
type observed struct {
	files    map[string]string // names of the content of the lake's objects without its ledger, by key
	records  map[string]string // those of the ledger
	texts    map[string][]byte // of all of them, where they were read
	left     []string          // in the staging area
	units    map[string]string // digest of a date's rows, by table and date
	wholes   map[string]string // digest of the other tables
	desks    string            // "date desk cents" lines of the facts in the warehouse
	summed   string            // the same of the sums
	loads    map[string]string // content hashes by table and unit
	leaves   []string          // tables that no reader sees, and leaves that no load knows
	changes  string            // when what was loaded, for a run that may load nothing
	state    *ledger.State
	unstated error
}

func digestBytes(data []byte) string { return fmt.Sprintf("%x", sha256.Sum256(data)) }

func objectBytes(t *testing.T, s lake.Reader, key string) []byte {
	t.Helper()
	r, err := s.Open(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(r)
	if err := errors.Join(err, r.Close()); err != nil {
		t.Fatal(err)
	}
	return data
}

func digestOf(t *testing.T, s lake.Reader, key string) string {
	t.Helper()
	return digestBytes(objectBytes(t, s, key))
}

// observe looks at a site on which nobody works; closely, if it reads every object. The
// content of others is named by a bucket's ETag, and in a directory by its digest.
func (s *nightSite) observe(t *testing.T, closely bool) observed {
	t.Helper()
	o := observed{files: map[string]string{}, records: map[string]string{}, texts: map[string][]byte{}}
	_, root := s.stores(t)
	objects, err := root.List(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	for _, one := range objects {
		name := one.ETag
		if closely || name == "" {
			o.texts[one.Key] = objectBytes(t, root, one.Key)
			name = cmp.Or(name, digestBytes(o.texts[one.Key]))
		}
		switch {
		case one.Key == ledger.IdleKey: // of each run that changes nothing
		case strings.HasPrefix(one.Key, ledger.Prefix):
			o.records[one.Key] = name
		default:
			o.files[one.Key] = name
		}
	}
	left, err := root.Leftovers(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, one := range left {
		o.left = append(o.left, one.Place+" "+one.Upload)
	}
	l, err := ledger.Open(t.Context(), engine.ReadOnly(root), "night", time.Now)
	if o.unstated = err; err == nil {
		o.state = l.State()
	}
	s.observeWarehouse(t, &o)
	return o
}

// observeWarehouse reads all in one transaction, as one reader sees it.
func (s *nightSite) observeWarehouse(t *testing.T, o *observed) {
	t.Helper()
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, s.url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(ctx) }()
	tx, err := conn.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly})
	if err != nil {
		t.Fatal(err)
	}
	pairs := func(query string) map[string]string {
		found := map[string]string{}
		var name, value string
		rows, err := tx.Query(ctx, query)
		if err == nil {
			_, err = pgx.ForEachRow(rows, []any{&name, &value}, func() error { found[name] = value; return nil })
		}
		if err != nil {
			t.Fatalf("%s: %v", query, err)
		}
		return found
	}
	lines := func(query string) string {
		found := pairs("select '', coalesce(string_agg(line, e'\\n' order by line), '') from (" + query + ") as l(line)")
		return found[""]
	}
	o.units = pairs(`select 'loans ' || lent_on, md5(string_agg(f::text, e'\n' order by f::text)) from loans_fact f group by lent_on
		union all select 'desk_days ' || lent_on, md5(string_agg(d::text, e'\n' order by d::text)) from desk_days d group by lent_on`)
	o.wholes = pairs(`select 'books', coalesce(md5(string_agg(b::text, e'\n' order by b::text)), '') from books_dim b
		union all select 'desks', coalesce(md5(string_agg(d::text, e'\n' order by d::text)), '') from desks_dim d`)
	o.desks = lines("select concat_ws(' ', lent_on, desk, (sum(fee) * 100)::bigint) from loans_fact group by lent_on, desk")
	o.summed = lines("select concat_ws(' ', lent_on, desk, (fees * 100)::bigint) from desk_days")
	o.loads = pairs("select table_name || ' ' || unit, content_hash from ledgermill.loads")
	o.changes = lines("select concat_ws(' ', table_name, unit, leaf, run_id, loaded_at) from ledgermill.loads")
	if hidden := lines(`select c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace
		where n.nspname = 'public' and c.relkind = 'r' and not c.relispartition
		and c.relname not in ('books_dim', 'desks_dim') and c.relname not like '%goose%'
		union all select c.relname from pg_class c where c.relkind = 'r' and c.relispartition
		and not exists (select from ledgermill.loads l where l.leaf = c.relname)`); hidden != "" {
		o.leaves = strings.Split(hidden, "\n")
	}
}

// keptID is what tells copies of former versions apart: it is made of their run's id.
var keptID = regexp.MustCompile(`^(_kept/.*)/[0-9a-f]{16}\.parquet$`)

// visible are the lake's files with names that do not depend on a run's id.
func (o observed) visible() map[string]string {
	files := map[string]string{}
	for key, digest := range o.files {
		if m := keptID.FindStringSubmatch(key); m != nil {
			key = m[1] + " " + digest[:16]
		}
		files[key] = digest
	}
	return files
}

// accounts is what the ledger says of objects and units, without who made them when
// and what a store says of the objects beside their content.
func (o observed) accounts() string {
	if o.state == nil {
		return ""
	}
	bare := func(u ledger.UnitRecord) ledger.UnitRecord {
		u.Run, u.At, u.First, u.ETag = "", time.Time{}, time.Time{}, ""
		if m := keptID.FindStringSubmatch(u.Key); m != nil {
			u.Key = m[1]
		}
		if m := keptID.FindStringSubmatch(u.Rejects); m != nil {
			u.Rejects = m[1]
		}
		return u
	}
	objects, units, verdicts := map[string]ledger.ObjectRecord{}, map[string]ledger.UnitRecord{}, map[string]ledger.Verdict{}
	for feed, all := range o.state.Objects {
		for key, one := range all {
			one.ModTime, one.Inode, one.Seen = time.Time{}, 0, ""
			objects[feed+" "+key] = one
		}
	}
	for dataset, all := range o.state.Units {
		for unit, one := range all {
			one = bare(one)
			kept := make([]ledger.UnitRecord, len(one.Kept))
			for i, k := range one.Kept {
				kept[i] = bare(k)
			}
			one.Kept = kept
			units[dataset+" "+unit] = one
		}
	}
	for dataset, all := range o.state.Verdicts {
		for unit, one := range all {
			one.Run = ""
			verdicts[dataset+" "+unit] = one
		}
	}
	var text bytes.Buffer
	e := json.NewEncoder(&text)
	e.SetIndent("", " ")
	if err := e.Encode([]any{objects, units, verdicts}); err != nil {
		return err.Error()
	}
	return text.String()
}
