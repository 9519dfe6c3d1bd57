package s3test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"ledgermill/engine/config"
)

// region is one that no client takes for granted.
const region = "eu-test-1"

// startTimeout bounds the wait for a server that says nothing.
const startTimeout = time.Minute

// Options say how a server is started.
type Options struct {
	Data        string   // existing directory of its objects
	Drives      []string // of a MinIO of several drives: their directories, in the place of Data
	Address     string   // host:port; "": a free port of the loopback interface
	AccessKey   string   // "": random
	SecretKey   string   // "": random
	Arguments   []string // further ones, before those of the storage
	Storage     []string // further ones, of versitygw's posix storage
	Environment []string // further variables
	Certs       string   // directory of public.crt and private.key; "": no TLS
	Log         io.Writer
}

// Server is a running server.
type Server struct {
	Settings config.S3 // how it is reached
	Data     string
	process  *exec.Cmd
	output   *output
	exited   chan struct{}
}

// Start runs a program until Stop, or until this process ends, and returns once it
// answers.
func (p Program) Start(ctx context.Context, o Options) (*Server, error) {
	path, err := p.Build(ctx, o.Log)
	if err != nil {
		return nil, err
	}
	if o.Address == "" {
		if o.Address, err = freeAddress(); err != nil {
			return nil, err
		}
	}
	if o.AccessKey == "" {
		o.AccessKey, o.SecretKey = "test-"+rand.Text()[:8], rand.Text()
	}
	s := &Server{Data: o.Data, output: newOutput(p.ready), exited: make(chan struct{})}
	s.process = p.command(path, o)
	s.process.Stdout, s.process.Stderr = s.output, s.output
	if err := s.run(); err != nil {
		return nil, fmt.Errorf("start %s: %w", p.Name, err)
	}
	select {
	case <-s.output.ready:
	case <-s.exited:
		err = errors.New("it ended")
	case <-ctx.Done():
		err = context.Cause(ctx)
	case <-time.After(startTimeout):
		err = errors.New("it did not answer")
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("start %s: %w\n%s", p.Name, err, lastLines(s.output.String(), 20)), s.Stop())
	}
	scheme := "http://"
	if o.Certs != "" {
		scheme = "https://"
	}
	s.Settings = config.S3{Endpoint: scheme + o.Address, Region: region, PathStyle: config.PathStyleAuto,
		AccessKey: config.Secret(o.AccessKey), SecretKey: config.Secret(o.SecretKey), Section: "s3"}
	if o.Certs != "" {
		s.Settings.CAFile = filepath.Join(o.Certs, "public.crt")
	}
	return s, nil
}

// command gives the credentials by the environment: arguments are for all to see.
func (p Program) command(path string, o Options) *exec.Cmd {
	var cmd *exec.Cmd
	if p.Name == "minio" {
		arguments := []string{"server", "--address", o.Address}
		if o.Certs != "" {
			arguments = append(arguments, "--certs-dir", o.Certs)
		}
		drives := []string{o.Data}
		if o.Drives != nil {
			drives = o.Drives
		}
		cmd = exec.Command(path, slices.Concat(arguments, o.Arguments, drives)...)
		cmd.Env = append(os.Environ(), "MINIO_ROOT_USER="+o.AccessKey, "MINIO_ROOT_PASSWORD="+o.SecretKey, "MINIO_BROWSER=off", "MINIO_UPDATE=off", "MINIO_SITE_REGION="+region,
			"HOME="+o.Data)
	} else {
		arguments := append([]string{"--port", o.Address, "--region", region}, o.Arguments...)
		if o.Certs != "" {
			arguments = append(arguments, "--cert", filepath.Join(o.Certs, "public.crt"), "--key", filepath.Join(o.Certs, "private.key"))
		}
		cmd = exec.Command(path, append(append(append(arguments, "posix"), o.Storage...), o.Data)...)
		cmd.Env = append(os.Environ(), "ROOT_ACCESS_KEY_ID="+o.AccessKey, "ROOT_SECRET_ACCESS_KEY="+o.SecretKey)
	}
	cmd.Env = append(cmd.Env, o.Environment...)
	cmd.SysProcAttr = dieWithParent()
	return cmd
}

// Ended is closed when the server is no more.
func (s *Server) Ended() <-chan struct{} { return s.exited }

// Stop ends the server and waits for its end.
func (s *Server) Stop() error {
	err := s.process.Process.Kill()
	if errors.Is(err, os.ErrProcessDone) {
		err = nil
	}
	<-s.exited
	return err
}

func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

// output keeps what a server prints, and closes ready at the line that says that
// it answers.
type output struct {
	mu    sync.Mutex
	text  strings.Builder
	want  string
	ready chan struct{}
	seen  bool
}

func newOutput(want string) *output { return &output{want: want, ready: make(chan struct{})} }

// Write implements io.Writer.
func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.text.Len() < 1<<20 {
		o.text.Write(p)
	}
	if !o.seen && strings.Contains(o.text.String(), o.want) {
		o.seen = true
		close(o.ready)
	}
	return len(p), nil
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}
