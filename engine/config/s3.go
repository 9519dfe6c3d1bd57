package config

import (
	"cmp"
	"errors"
	"net/url"
	"slices"
)

// What S3.PathStyle may be.
const (
	PathStyleAuto = "auto"  // in the path, but for Amazon S3
	PathStyleOn   = "true"  // https://host/bucket/key
	PathStyleOff  = "false" // https://bucket.host/key
)

// S3 says how an S3-compatible store is reached. Which bucket is in the place
// itself: s3://bucket/prefix.
type S3 struct {
	// Endpoint is the server's URL, http:// or https://, without a path. Default
	// "": Amazon S3.
	Endpoint string

	// Region is that of the buckets. Default "": us-east-1.
	Region string

	// PathStyle is one of the constants. Default "auto".
	PathStyle string

	// CAFile is a PEM file of certificates that are trusted beside the system's.
	// Default "": none.
	CAFile string

	// AccessKey, SecretKey and SessionToken are the credentials. Default "": the
	// profile AWS_PROFILE of the shared credentials file.
	AccessKey, SecretKey, SessionToken Secret

	// Section is where these settings stand, "s3" or "lake.s3", for messages, and
	// CredentialsSection where the credentials do. Default: Section.
	Section, CredentialsSection string
}

// InputS3 is how the store of the raw objects is reached.
func (c Config) InputS3() S3 {
	s := c.S3
	s.Section = "s3"
	return s
}

// LakeS3 is how the store of the lake is reached. Credentials are taken together:
// a session token of the one pair is worth nothing beside another.
func (c Config) LakeS3() S3 {
	s, own := c.InputS3(), c.Lake.S3
	if own == (S3{}) {
		return s
	}
	s.Section = "lake.s3"
	s.Endpoint, s.Region = cmp.Or(own.Endpoint, s.Endpoint), cmp.Or(own.Region, s.Region)
	s.PathStyle, s.CAFile = cmp.Or(own.PathStyle, s.PathStyle), cmp.Or(own.CAFile, s.CAFile)
	if own.AccessKey != "" {
		s.AccessKey, s.SecretKey, s.SessionToken = own.AccessKey, own.SecretKey, own.SessionToken
	} else if s.AccessKey != "" || s.SecretKey != "" {
		s.CredentialsSection = "s3"
	}
	return s
}

// s3Rows are the settings of one section; base is what an empty one stands for.
func s3Rows(section string, field func(*Config) *S3) []setting {
	doc := func(text, empty string) string {
		if section != "s3" {
			empty = "as s3." + empty
		}
		return text + "; default " + empty
	}
	empty := func(key, own string) string {
		if section != "s3" {
			return key
		}
		return own
	}
	styles := []string{PathStyleAuto, PathStyleOn, PathStyleOff}
	if section != "s3" {
		styles = append(styles, "")
	}
	return []setting{
		row(section+".endpoint", doc("URL of the S3 server, such as https://minio.example:9000", empty("endpoint", `"": Amazon S3`)),
			address(), func(c *Config) *string { return &field(c).Endpoint }, serverURL),
		row(section+".region", doc("region of the buckets", empty("region", `"": us-east-1`)),
			plain(), func(c *Config) *string { return &field(c).Region }, nil),
		row(section+".path_style", doc("bucket in the path (true) or in the host name (false)", empty("path_style", "auto: in the path, but for Amazon S3")),
			plain(), func(c *Config) *string { return &field(c).PathStyle }, oneOf(styles...)).of(styles...),
		row(section+".ca_file", doc("PEM file of certificates trusted beside the system's", empty("ca_file", `"": none`)),
			directory(), func(c *Config) *string { return &field(c).CAFile }, nil),
		row(section+".access_key", doc("access key", empty("access_key", `"": the profile AWS_PROFILE of the shared credentials file`)),
			secret(), func(c *Config) *Secret { return &field(c).AccessKey }, nil),
		row(section+".secret_key", doc("secret key of the access key", empty("secret_key", `""`)),
			secret(), func(c *Config) *Secret { return &field(c).SecretKey }, nil),
		row(section+".session_token", doc("session token of temporary credentials", empty("session_token", `""`)),
			secret(), func(c *Config) *Secret { return &field(c).SessionToken }, nil),
	}
}

// serverURL repeats nothing of the text: it may hold a password.
func serverURL(text string) error {
	if text == "" {
		return nil
	}
	parsed, err := url.Parse(text)
	switch {
	case err != nil, parsed.Scheme != "http" && parsed.Scheme != "https", parsed.Hostname() == "", parsed.User != nil,
		parsed.Path != "" && parsed.Path != "/", parsed.RawQuery != "", parsed.Fragment != "":
		return errors.New("is not a URL of the form https://host:port")
	}
	return nil
}

// awsVariables are the environment variables that S3 tools share, the first that
// is set before the others. They lie below the file of settings.
func awsVariables() map[string][]string {
	return map[string][]string{
		"s3.endpoint": {"AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"},
		"s3.region":   {"AWS_REGION", "AWS_DEFAULT_REGION"},
		"s3.ca_file":  {"AWS_CA_BUNDLE"},
	}
}

// credentials are the settings of a section that are of one place.
func credentials(section string) []string {
	return []string{section + ".access_key", section + ".secret_key", section + ".session_token"}
}

// s3Sections are those that have credentials.
func s3Sections() []string { return []string{"s3", "lake.s3"} }

// replaceKeys takes away the secret key and the token of the layers below where a
// layer, which sets these settings, has an access key: with another one they are worth
// nothing, and whose they are is no business of its server. Where it replaces neither an
// access key nor a secret key, what is below is meant for it.
func (l *loader) replaceKeys(layer []string) {
	for _, section := range s3Sections() {
		keys := credentials(section)
		replaced := slices.ContainsFunc(keys[:2], func(key string) bool { return slices.Contains(layer, key) && l.rows[key].get(&l.config) != "" })
		if !replaced || !slices.Contains(layer, keys[0]) {
			continue
		}
		for _, key := range keys[1:] {
			// A secret takes any text.
			_ = l.rows[key].set(&l.config, "")
			delete(l.config.sources, key)
		}
	}
}

// shared takes what the file, our own variables and the flags leave empty from the
// environment that S3 tools share. That somebody has named the setting says nothing:
// the file that `init` writes names all. Credentials are taken together or not at all.
func (l *loader) shared() {
	take := func(key string, variables ...string) {
		for _, name := range variables {
			if value, ok := lookup(l.options.Env, name); ok && value != "" {
				l.set(key, value, name, l.options.Project)
				return
			}
		}
	}
	for _, key := range sortedKeys(awsVariables()) {
		if l.rows[key].get(&l.config) == "" {
			take(key, awsVariables()[key]...)
		}
	}
	if s := l.config.S3; s.AccessKey == "" && s.SecretKey == "" && s.SessionToken == "" {
		take("s3.access_key", "AWS_ACCESS_KEY_ID")
		take("s3.secret_key", "AWS_SECRET_ACCESS_KEY")
		take("s3.session_token", "AWS_SESSION_TOKEN")
	}
}
