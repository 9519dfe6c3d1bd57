package main

import (
	"testing"

	"ledgermill/engine"
	"ledgermill/engine/config"
	"ledgermill/engine/lake"
)

// TestExchange: executors on other machines are given a place that they see, wherever it
// is said that there are any.
func TestExchange(t *testing.T) {
	t.Parallel()
	bucket, err := lake.Open("s3://bank/lake", lake.Options{S3: config.S3{Endpoint: "http://127.0.0.1:1", Region: "us-east-1", AccessKey: "k", SecretKey: "s"}})
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		spark config.Spark
		want  string
	}{
		"this machine":      {config.Spark{Master: "local[2]"}, ""},
		"the setting":       {config.Spark{Master: "yarn"}, bucket.Location("_exchange/1")},
		"a property":        {config.Spark{Conf: "spark.x=1 spark.master=yarn"}, bucket.Location("_exchange/1")},
		"a shared one":      {config.Spark{Master: "yarn", Exchange: "/shared"}, "/shared/ledgermill-night-1"},
		"the lake, by name": {config.Spark{Master: "local[2]", Exchange: config.ExchangeLake}, bucket.Location("_exchange/1")},
	} {
		w := &workspace{config: config.Config{Name: "night", Engine: config.Engine{Name: sparkName}, Spark: c.spark}}
		got, err := w.exchange(engine.Options{Run: "1", Lake: bucket})
		if err != nil || got != c.want {
			t.Errorf("%s: %q %v, want %q", name, got, err, c.want)
		}
	}
}
