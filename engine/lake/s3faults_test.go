package lake_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/minio/minio-go/v7/pkg/credentials"

	"ledgermill/engine/config"
	"ledgermill/engine/lake"
	"ledgermill/engine/lake/s3test"
)

// wantFault opens a place with settings and asserts that every operation fails
// with the fault, soon, and names the setting.
func wantFault(t *testing.T, place string, settings config.S3, want lake.Fault, names string) {
	t.Helper()
	began := time.Now()
	allFail(t, through(t, settings, place, nil), settings, want, names)
	if took := time.Since(began); took > 20*time.Second {
		t.Errorf("took %s", took)
	}
}

func allFail(t *testing.T, s lake.Store, settings config.S3, want lake.Fault, names string) {
	t.Helper()
	ctx := t.Context()
	_, listErr := s.List(ctx, "")
	_, statErr := s.Stat(ctx, "a")
	_, openErr := s.Open(ctx, "a")
	_, lockErr := s.Lock(ctx, lake.Info{})
	for i, err := range []error{listErr, statErr, openErr, lockErr, s.Put(ctx, "a", nil), s.Create(ctx, "b", nil), s.Prepare(ctx)} {
		var access *lake.AccessError
		if !errors.As(err, &access) || access.Fault != want {
			t.Errorf("operation %d: %v, want fault %s", i, err, want)
			continue
		}
		if text := err.Error() + access.Try(); !strings.Contains(text, names) || strings.Contains(text, settings.SecretKey.Reveal()) {
			t.Errorf("operation %d: %s\nwant %s in it, and no secret", i, text, names)
		}
		if i == 0 {
			t.Log(err)
		}
		tries(t, err)
	}
}

func TestFaultsOfServers(t *testing.T) {
	t.Parallel()
	for _, program := range servers() {
		t.Run(program.Name, func(t *testing.T) {
			t.Parallel()
			server := program.Shared(t)
			place := server.Bucket(t) + "/x"
			with := func(change func(*config.S3)) config.S3 {
				s := server.Settings
				change(&s)
				return s
			}
			wantFault(t, place, with(func(s *config.S3) { s.SecretKey = "wrong" }), lake.FaultCredentials, "s3.secret_key")
			wantFault(t, place, with(func(s *config.S3) { s.AccessKey = "wrong"; s.Section = "lake.s3" }), lake.FaultCredentials, "lake.s3.access_key")
			wantFault(t, place, with(func(s *config.S3) { s.Region = "eu-wrong-1" }), lake.FaultRegion, "s3.region")
			wantFault(t, "s3://no-such-bucket-here/x", with(func(*config.S3) {}), lake.FaultBucket, "no-such-bucket-here")
			wantFault(t, place, with(func(s *config.S3) { s.Endpoint = strings.Replace(s.Endpoint, "http:", "https:", 1) }), lake.FaultTLS, "s3.endpoint")
			late := through(t, server.Settings, place, func(next http.RoundTripper) http.RoundTripper { return clock{next, -time.Hour} })
			allFail(t, late, server.Settings, lake.FaultClock, "clock")
		})
	}
}

func TestEndpointDown(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close() // accepts no connection, but keeps the port
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := free.Addr().String()
	if err := free.Close(); err != nil {
		t.Fatal(err)
	}
	settings := config.S3{Endpoint: "http://" + address, AccessKey: "a", SecretKey: "hunter2"}
	wantFault(t, "s3://bucket/x", settings, lake.FaultUnreachable, "s3.endpoint")
	settings.Endpoint = "http://no-such-host.invalid"
	wantFault(t, "s3://bucket/x", settings, lake.FaultUnreachable, "s3.endpoint")
}

// clock is the transport of a machine whose clock is off.
type clock struct {
	next http.RoundTripper
	off  time.Duration
}

func (c clock) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	now := time.Now().Add(c.off).UTC().Format("20060102T150405Z")
	r.Header.Set("X-Amz-Date", now)
	return c.next.RoundTrip(r)
}

func TestTLS(t *testing.T) {
	t.Parallel()
	for _, program := range servers() {
		t.Run(program.Name, func(t *testing.T) {
			t.Parallel()
			certs := certificates(t)
			server := program.Own(t, func(o *s3test.Options) { o.Certs = certs })
			place := server.Bucket(t) + "/x"
			s := store(t, server, place)
			if err := s.Put(t.Context(), "a", []byte("x")); err != nil {
				t.Fatal(err)
			}
			publishFile(t, s, "b", strings.Repeat("x", 1<<20))
			o := lake.Options{S3: server.Settings}
			o.S3.CAFile = ""
			wantFault(t, place, o.S3, lake.FaultTLS, "s3.ca_file")
			o.S3.Endpoint = strings.Replace(o.S3.Endpoint, "https:", "http:", 1)
			wantFault(t, place, o.S3, lake.FaultTLS, "s3.endpoint")
			o.S3 = server.Settings
			o.S3.CAFile = filepath.Join(certs, "none.pem")
			if _, err := lake.Open(place, o); err == nil || !strings.Contains(err.Error(), "s3.ca_file") {
				t.Errorf("a file of certificates that is not there: %v", err)
			}
		})
	}
}

// certificates makes a certificate of 127.0.0.1 that only itself vouches for.
func certificates(t *testing.T) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign}
	certificate, err1 := x509.CreateCertificate(rand.Reader, &template, &template, &key.PublicKey, key)
	private, err2 := x509.MarshalPKCS8PrivateKey(key)
	dir := t.TempDir()
	if err := errors.Join(err1, err2,
		os.WriteFile(filepath.Join(dir, "public.crt"), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate}), 0o600),
		os.WriteFile(filepath.Join(dir, "private.key"), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}), 0o600)); err != nil {
		t.Fatal(err)
	}
	return dir
}

// TestDenied uses keys that may do everything below one prefix and nothing beside it.
func TestDenied(t *testing.T) {
	t.Parallel()
	server := s3test.MinIO().Shared(t)
	place := server.Bucket(t)
	bucket := strings.TrimPrefix(place, "s3://")
	policy := `{"Version": "2012-10-17", "Statement": [
		{"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::` + bucket + `", "Condition": {"StringLike": {"s3:prefix": ["ours/*", "read/*"]}}},
		{"Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload"], "Resource": "arn:aws:s3:::` + bucket + `/ours/*"},
		{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::` + bucket + `/read/*"}]}`
	keys, err := credentials.NewSTSAssumeRole(server.Settings.Endpoint, credentials.STSAssumeRoleOptions{
		AccessKey: server.Settings.AccessKey.Reveal(), SecretKey: server.Settings.SecretKey.Reveal(), Policy: policy, Location: server.Settings.Region, DurationSeconds: 900})
	if err != nil {
		t.Fatal(err)
	}
	temporary, err := keys.GetWithContext(nil)
	if err != nil {
		t.Fatal(err)
	}
	o := lake.Options{S3: server.Settings, Staging: t.TempDir()}
	o.S3.AccessKey, o.S3.SecretKey, o.S3.SessionToken = config.Secret(temporary.AccessKeyID), config.Secret(temporary.SecretAccessKey), config.Secret(temporary.SessionToken)
	wantFault(t, place+"/theirs", o.S3, lake.FaultDenied, "s3.access_key")
	ours, err1 := lake.Open(place+"/ours", o)
	read, err2 := lake.Open(place+"/read", o)
	if err := errors.Join(err1, err2, ours.Prepare(t.Context())); err != nil {
		t.Fatalf("the prefix that is allowed: %v", err)
	}
	publishFile(t, ours, "a", "what docs/stores.md lists is enough")
	if err := errors.Join(ours.Abort(t.Context(), stageIn(t, ours, "run", "b")), ours.Copy(t.Context(), "a", "c"), ours.Remove(t.Context(), "a")); err != nil {
		t.Errorf("the prefix that is allowed: %v", err)
	}
	if _, err := read.List(t.Context(), ""); err != nil {
		t.Errorf("the prefix that may be read: %v", err)
	}
	_, lockErr := read.Lock(t.Context(), lake.Info{})
	file := filepath.Join(t.TempDir(), "x")
	_, stageErr := read.Stage(t.Context(), "a", writeFile(t, file, "x"))
	for i, err := range []error{read.Put(t.Context(), "a", nil), read.Create(t.Context(), "a", nil), read.Remove(t.Context(), "a"), read.Prepare(t.Context()), lockErr, stageErr} {
		var access *lake.AccessError
		if !errors.As(err, &access) || access.Fault != lake.FaultDenied {
			t.Errorf("operation %d on a prefix that may only be read: %v", i, err)
		}
	}
	o.S3.SessionToken = "wrong"
	wantFault(t, place+"/ours", o.S3, lake.FaultCredentials, "s3.access_key")
}

func writeFile(t *testing.T, name, data string) string {
	t.Helper()
	if err := os.WriteFile(name, []byte(data), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// publishFile stages and completes an object.
func publishFile(t *testing.T, s lake.Store, key, data string) lake.Object {
	t.Helper()
	u, err := s.Stage(t.Context(), key, writeFile(t, filepath.Join(t.TempDir(), "file"), data))
	if err != nil {
		t.Fatal(err)
	}
	o, err := s.Complete(t.Context(), u)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// TestUnfitServer probes servers that cannot hold a lake.
func TestUnfitServer(t *testing.T) {
	t.Parallel()
	server := s3test.Versity().Own(t, func(o *s3test.Options) { o.Storage = []string{"--nometa"} })
	s := store(t, server, server.Bucket(t)+"/x")
	err := s.Prepare(t.Context())
	var access *lake.AccessError
	if !errors.As(err, &access) || access.Fault != lake.FaultConditions {
		t.Errorf("a server without conditional writes: %v", err)
	}
	t.Log(err)
	tries(t, err)
}

// TestNoCredentials is apart from the environment of whoever runs the tests.
func TestNoCredentials(t *testing.T) {
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", filepath.Join(t.TempDir(), "none"))
	_, err := lake.Open("s3://bucket/x", lake.Options{})
	var none *lake.CredentialsError
	if !errors.As(err, &none) {
		t.Fatalf("opened without credentials: %v", err)
	}
	tries(t, err)
	for missing, keys := range map[string]config.S3{"lake.s3.secret_key": {AccessKey: "hunter2", Section: "lake.s3"}, "s3.access_key": {SecretKey: "hunter2"}} {
		_, err := lake.Open("s3://bucket/x", lake.Options{S3: keys})
		if !errors.As(err, &none) || !strings.Contains(none.Error(), missing+" is empty") || !strings.HasPrefix(none.Try(), "set "+missing+" ") {
			t.Errorf("without %s: %v", missing, err)
		}
		tries(t, err)
	}
	// Where the lake has the input's pair, that is to be completed: a secret of its own would not be looked at.
	shared := config.Config{S3: config.S3{AccessKey: "hunter2"}, Lake: config.Lake{S3: config.S3{Endpoint: "http://127.0.0.1:1"}}}
	_, err = lake.Open("s3://bucket/x", lake.Options{S3: shared.LakeS3()})
	if !errors.As(err, &none) || !strings.HasPrefix(none.Try(), "set s3.secret_key in the same place as s3.access_key") {
		t.Errorf("without the secret of the input's pair: %v", err)
	}
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", writeFile(t, filepath.Join(t.TempDir(), "shared"), "[night]\naws_access_key_id = a\naws_secret_access_key = hunter2\naws_session_token = t\n"))
	t.Setenv("AWS_PROFILE", "night")
	s, err := lake.Open("s3://bucket/x", lake.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if a := s.(*lake.Bucket).Access(); a.AccessKey.Reveal() != "a" || a.SecretKey.Reveal() != "hunter2" || a.SessionToken.Reveal() != "t" ||
		a.PathStyle || a.Endpoint() != "https://s3.amazonaws.com" || a.Region != "us-east-1" {
		t.Errorf("resolved to %+v", a)
	}
}
