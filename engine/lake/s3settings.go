package lake

import (
	"cmp"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"ledgermill/engine/config"
)

const (
	amazon        = "s3.amazonaws.com"
	defaultRegion = "us-east-1"

	dialTimeout   = 5 * time.Second
	answerTimeout = time.Minute // from the last byte of a request to the first of its answer
	firstAttempts = 2           // until a server has answered once: a wrong endpoint is told quickly
	laterAttempts = 10          // a busy server is waited for
)

// S3 is how an S3-compatible store is reached, with nothing left open: what the
// client of this package and an engine's own reader are made of.
type S3 struct {
	Host      string // host, or host:port
	Secure    bool   // https
	Region    string
	PathStyle bool   // https://host/bucket/key, not https://bucket.host/key
	CAFile    string // certificates trusted beside the system's, "" for none

	AccessKey, SecretKey, SessionToken config.Secret

	Section string // of the settings, for messages: "s3" or "lake.s3"
}

// Resolve fills in what the settings leave open. It fails with *CredentialsError
// if there are no credentials anywhere.
func Resolve(settings config.S3) (S3, error) {
	s := S3{Host: amazon, Secure: true, Region: cmp.Or(settings.Region, defaultRegion), CAFile: settings.CAFile,
		AccessKey: settings.AccessKey, SecretKey: settings.SecretKey, SessionToken: settings.SessionToken, Section: cmp.Or(settings.Section, "s3")}
	if settings.Endpoint != "" {
		endpoint, err := url.Parse(settings.Endpoint)
		if err != nil || endpoint.Host == "" {
			return S3{}, &SchemeError{Place: settings.Endpoint, Scheme: "endpoint"}
		}
		s.Host, s.Secure = endpoint.Host, endpoint.Scheme == "https"
	}
	s.PathStyle = settings.PathStyle == config.PathStyleOn ||
		settings.PathStyle != config.PathStyleOff && s.Host != amazon && !strings.HasSuffix(s.Host, ".amazonaws.com")
	keys := cmp.Or(settings.CredentialsSection, s.Section)
	if s.AccessKey == "" && s.SecretKey == "" {
		profile, err := credentials.NewFileAWSCredentials("", "").GetWithContext(nil) // file and profile as the environment names them
		if err != nil || profile.AccessKeyID == "" {
			return S3{}, &CredentialsError{Section: keys}
		}
		s.AccessKey, s.SecretKey, s.SessionToken = config.Secret(profile.AccessKeyID), config.Secret(profile.SecretAccessKey), config.Secret(profile.SessionToken)
	}
	switch {
	case s.SecretKey == "":
		return S3{}, &CredentialsError{Section: keys, Missing: "secret_key"}
	case s.AccessKey == "":
		return S3{}, &CredentialsError{Section: keys, Missing: "access_key"}
	}
	return s, nil
}

// Endpoint is the server's URL.
func (s S3) Endpoint() string {
	if s.Secure {
		return "https://" + s.Host
	}
	return "http://" + s.Host
}

// clients returns two clients over one pool of connections: one that gives up
// soon, for the first contact, and a patient one.
func (s S3) clients(transport http.RoundTripper) (first, later *minio.Core, err error) {
	lookup := minio.BucketLookupDNS
	if s.PathStyle {
		lookup = minio.BucketLookupPath
	}
	client := func(attempts int) (*minio.Core, error) {
		return minio.NewCore(s.Host, &minio.Options{
			Creds:  credentials.NewStaticV4(s.AccessKey.Reveal(), s.SecretKey.Reveal(), s.SessionToken.Reveal()),
			Secure: s.Secure, Region: s.Region, BucketLookup: lookup, Transport: transport, MaxRetries: attempts,
		})
	}
	first, err = client(firstAttempts)
	if err == nil {
		later, err = client(laterAttempts)
	}
	if err != nil {
		return nil, nil, &AccessError{Fault: FaultUnreachable, Endpoint: s.Endpoint(), Section: s.Section, Cause: err.Error()}
	}
	return first, later, nil
}

func (s S3) transport() (*http.Transport, error) {
	trusted := &tls.Config{MinVersion: tls.VersionTLS12}
	if s.CAFile != "" {
		text, err := os.ReadFile(s.CAFile)
		if err == nil {
			if trusted.RootCAs, err = x509.SystemCertPool(); err != nil {
				trusted.RootCAs, err = x509.NewCertPool(), nil
			}
			if !trusted.RootCAs.AppendCertsFromPEM(text) {
				err = errors.New("no certificate in it")
			}
		}
		if err != nil {
			return nil, fmt.Errorf("%s.ca_file %s: %w", s.Section, s.CAFile, err)
		}
	}
	return &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           (&net.Dialer{Timeout: dialTimeout, KeepAlive: 15 * time.Second}).DialContext,
		TLSClientConfig:       trusted,
		TLSHandshakeTimeout:   dialTimeout,
		ResponseHeaderTimeout: answerTimeout,
		IdleConnTimeout:       time.Minute,
		MaxIdleConns:          64,
		MaxIdleConnsPerHost:   64,
		DisableCompression:    true, // a .gz object is its bytes, not what they unpack to
	}, nil
}
