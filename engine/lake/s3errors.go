package lake

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"strings"

	"github.com/minio/minio-go/v7"
)

// Fault is what keeps a program from using an S3-compatible store.
type Fault string

// The faults, each with a message and a remedy of its own.
const (
	FaultCredentials Fault = "credentials" // the server does not know the keys
	FaultRegion      Fault = "region"
	FaultBucket      Fault = "bucket" // there is none of this name
	FaultTLS         Fault = "tls"
	FaultUnreachable Fault = "unreachable"
	FaultClock       Fault = "clock"
	FaultDenied      Fault = "denied"     // the keys are good, but not for this
	FaultConditions  Fault = "conditions" // no conditional writes, or no hidden uploads
	FaultOther       Fault = "other"
)

// AccessError says why a server refuses or cannot be spoken to, and which setting
// to look at.
type AccessError struct {
	Fault    Fault
	Endpoint string
	Bucket   string
	Region   string // with FaultRegion: the one that was tried
	Section  string // of the settings: "s3" or "lake.s3"
	Cause    string // what the server or the network said
}

func (e *AccessError) Error() string {
	said := ""
	if e.Cause != "" {
		said = ": " + e.Cause
	}
	switch e.Fault {
	case FaultCredentials:
		return fmt.Sprintf("the server %s does not accept the credentials of %s.access_key%s", e.Endpoint, e.Section, said)
	case FaultRegion:
		return fmt.Sprintf("the server %s does not accept the region %s of %s.region%s", e.Endpoint, e.Region, e.Section, said)
	case FaultBucket:
		return fmt.Sprintf("the server %s has no bucket %s", e.Endpoint, e.Bucket)
	case FaultTLS:
		return fmt.Sprintf("no safe connection to %s.endpoint %s%s", e.Section, e.Endpoint, said)
	case FaultUnreachable:
		return fmt.Sprintf("no connection to %s.endpoint %s%s", e.Section, e.Endpoint, said)
	case FaultClock:
		return fmt.Sprintf("this machine's clock differs too much from that of %s%s", e.Endpoint, said)
	case FaultDenied:
		return fmt.Sprintf("the server %s denies this to the credentials of %s.access_key%s", e.Endpoint, e.Section, said)
	case FaultConditions:
		return fmt.Sprintf("the server %s cannot hold a lake%s", e.Endpoint, said)
	}
	return fmt.Sprintf("the server %s failed%s", e.Endpoint, said)
}

// Try returns the remedy.
func (e *AccessError) Try() string {
	switch e.Fault {
	case FaultCredentials:
		return fmt.Sprintf("set %[1]s.access_key and %[1]s.secret_key, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, to keys of this server", e.Section)
	case FaultRegion:
		return fmt.Sprintf("set %s.region to the region of the bucket", e.Section)
	case FaultBucket:
		return fmt.Sprintf("correct the place or %s.endpoint, or make the bucket: ledgermill lake mb s3://%s", e.Section, e.Bucket)
	case FaultTLS:
		return fmt.Sprintf("correct http or https in %[1]s.endpoint, or name the server's certificate authority in %[1]s.ca_file", e.Section)
	case FaultUnreachable:
		return fmt.Sprintf("correct %s.endpoint, or start the server", e.Section)
	case FaultClock:
		return "set the clock of this machine, or of the server: both should follow NTP"
	case FaultDenied:
		return fmt.Sprintf("allow it in the policy of these keys, or set %s.access_key to others", e.Section)
	case FaultConditions:
		return "use a server with If-None-Match and hidden multipart uploads (MinIO, Amazon S3, versitygw without --nometa), or a directory"
	}
	return fmt.Sprintf("look into the server's log, then run again; %s.endpoint is %s", e.Section, e.Endpoint)
}

// CredentialsError says that there are no credentials to try.
type CredentialsError struct {
	Section string // of the settings, "s3" or "lake.s3"
	Missing string // the setting that lacks of a pair, access_key or secret_key; "": both do
}

func (e *CredentialsError) Error() string {
	if e.Missing != "" {
		return fmt.Sprintf("no credentials for an S3 store: %s.%s is empty where %[1]s.%[3]s is set", e.Section, e.Missing, e.other())
	}
	return fmt.Sprintf("no credentials for an S3 store: %[1]s.access_key and %[1]s.secret_key are not both set", e.Section)
}

// Try returns the remedy.
func (e *CredentialsError) Try() string {
	if e.Missing != "" {
		return fmt.Sprintf("set %s.%s in the same place as %[1]s.%[3]s: a pair is not completed from another pair", e.Section, e.Missing, e.other())
	}
	return fmt.Sprintf("set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or %[1]s.access_key and %[1]s.secret_key to ${VARIABLES} in ledgermill.json", e.Section)
}

// other is the setting of the pair that is there.
func (e *CredentialsError) other() string {
	if e.Missing == "access_key" {
		return "secret_key"
	}
	return "access_key"
}

// explain turns the error of a client into one of this package.
func (b *Bucket) explain(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	var known *AccessError
	var locked *LockedError
	if errors.As(err, &known) || errors.As(err, &locked) || errors.Is(err, ErrExists) || errors.Is(err, ErrChanged) || errors.Is(err, ErrUploadGone) || errors.Is(err, ErrNotEmpty) {
		return err
	}
	out := &AccessError{Endpoint: b.access.Endpoint(), Bucket: b.bucket, Region: b.access.Region, Section: b.access.Section, Cause: err.Error()}
	answer := answerOf(err)
	switch {
	case answer.Code == "":
		var call *url.Error
		if !errors.As(err, &call) {
			return err
		}
		out.Fault, out.Cause = FaultUnreachable, call.Err.Error()
		switch {
		case tlsFault(call.Err):
			out.Fault = FaultTLS
		case strings.HasPrefix(out.Cause, "Connection closed"): // the client's own text, with the URL in it
			out.Cause = "the server closed the connection"
		}
		return out
	case answer.Code == minio.NoSuchKey, answer.Code == minio.NoSuchVersion:
		return fs.ErrNotExist
	case answer.Code == "XMinioStorageFull", answer.StatusCode == http.StatusInsufficientStorage:
		return fmt.Errorf("%w on %s: %s", ErrFull, out.Endpoint, answer.Message)
	}
	out.Fault = faultOf(answer)
	out.Cause = strings.TrimSuffix(answer.Code+": "+cmp.Or(answer.Message, "nothing more"), ".")
	return out
}

func faultOf(answer minio.ErrorResponse) Fault {
	switch answer.Code {
	case minio.InvalidAccessKeyID, minio.SignatureDoesNotMatch, "InvalidTokenId", "InvalidToken", "ExpiredToken", "ExpiredTokenException", "InvalidSecurity", "XAdminUserNotFound":
		return FaultCredentials
	case minio.AuthorizationHeaderMalformed, minio.InvalidRegion, "PermanentRedirect", "TemporaryRedirect", "IncorrectEndpoint", "IllegalLocationConstraintException":
		return FaultRegion
	case minio.NoSuchBucket:
		return FaultBucket
	case minio.RequestTimeTooSkewed:
		return FaultClock
	}
	switch {
	case strings.Contains(answer.Message, "HTTP request to an HTTPS server"):
		return FaultTLS
	case answer.StatusCode == http.StatusForbidden:
		return FaultDenied
	case answer.StatusCode == http.StatusMovedPermanently, answer.StatusCode == http.StatusTemporaryRedirect:
		return FaultRegion
	}
	return FaultOther
}

// answerOf is what the server said, also where an error wraps it.
func answerOf(err error) minio.ErrorResponse {
	var answer minio.ErrorResponse
	errors.As(err, &answer)
	return answer
}

// tlsFault tells what is wrong with TLS from what is wrong with the network.
func tlsFault(err error) bool {
	var verification *tls.CertificateVerificationError
	var record tls.RecordHeaderError
	var authority x509.UnknownAuthorityError
	var alert tls.AlertError
	return errors.As(err, &verification) || errors.As(err, &record) || errors.As(err, &authority) || errors.As(err, &alert) ||
		strings.Contains(err.Error(), "HTTP response to HTTPS client")
}

// speaksTLS reports whether a server that http did not work with would shake hands.
// Its certificate does not matter: nothing is sent.
func (s S3) speaksTLS(ctx context.Context) bool {
	host := s.Host
	if !strings.Contains(host, ":") {
		host += ":80"
	}
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	conn, err := (&tls.Dialer{Config: &tls.Config{InsecureSkipVerify: true}}).DialContext(ctx, "tcp", host)
	if err != nil {
		return false
	}
	_ = conn.Close() // nothing was sent
	return true
}
