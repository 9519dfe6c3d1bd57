package faulttest

import (
	"encoding/binary"
	"io"
	"net"
	"net/url"
	"sync"
	"testing"
	"time"
)

// Proxy stands between a client and a server and counts what the client sends, over
// all connections.
type Proxy struct {
	URL      string // the server's, but that it leads here
	listener net.Listener
	target   string
	next     Framing
	mu       sync.Mutex
	sent     int
	at       int    // the message at which fault is called; 0: never
	fault    func() // with the proxy locked
	early    bool   // the message itself is not delivered
	refuses  bool
	answer   string        // the status of what is answered in the server's place; "": nothing is
	times    int           // how often; 0: always
	delay    time.Duration // before each message
	rate     int           // bytes a second of the server's answers; 0: no limit
	conns    map[net.Conn]bool
	running  sync.WaitGroup
}

// Framing reads one message of a client. The first one of a connection may be other
// than those that follow.
type Framing func(r io.Reader, first bool) ([]byte, error)

// PostgreSQL frames its protocol, without TLS: the first message has no type byte.
func PostgreSQL(r io.Reader, first bool) ([]byte, error) {
	head := 5
	if first {
		head = 4
	}
	message := make([]byte, head)
	if _, err := io.ReadFull(r, message); err != nil {
		return nil, err
	}
	body := make([]byte, int(binary.BigEndian.Uint32(message[head-4:]))-4)
	_, err := io.ReadFull(r, body)
	return append(message, body...), err
}

// Bytes frames what comes at once.
func Bytes(r io.Reader, _ bool) ([]byte, error) {
	message := make([]byte, 16<<10)
	n, err := r.Read(message)
	return message[:n], err
}

// NewProxy starts a proxy before the server at a URL. It ends with the test.
func NewProxy(t testing.TB, target string, next Framing) *Proxy {
	t.Helper()
	u, err := url.Parse(target)
	if err != nil {
		t.Fatal(err)
	}
	p := &Proxy{target: u.Host, next: next, conns: map[net.Conn]bool{}}
	if p.listener, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	u.Host = p.listener.Addr().String()
	p.URL = u.String()
	go p.accept()
	t.Cleanup(func() {
		_ = p.listener.Close()
		p.mu.Lock()
		p.Cut()
		p.mu.Unlock()
		p.running.Wait()
	})
	return p
}

// Arm makes fault happen at the n-th message from now on: instead of it if early,
// else right after it is on its way. The fault may call the methods below.
func (p *Proxy) Arm(n int, early bool, fault func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.sent, p.at, p.early, p.fault = 0, n, early, fault
	p.refuses, p.answer, p.times, p.delay, p.rate = false, "", 0, 0, 0
}

// Disarm returns how many messages there were, and lets the rest pass.
func (p *Proxy) Disarm() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.at, p.refuses, p.answer, p.times, p.delay, p.rate = 0, false, "", 0, 0, 0
	return p.sent
}

// Cut ends all connections, as a router that forgets them.
func (p *Proxy) Cut() {
	for c := range p.conns {
		_ = c.Close()
	}
}

// Reset ends all connections with a reset.
func (p *Proxy) Reset() {
	for c := range p.conns {
		if tcp, ok := c.(*net.TCPConn); ok {
			_ = tcp.SetLinger(0)
		}
	}
	p.Cut()
}

// Refuse ends all connections and takes none any more.
func (p *Proxy) Refuse() {
	p.refuses = true
	p.Cut()
}

// Delay holds every message back from now on.
func (p *Proxy) Delay(d time.Duration) { p.delay = d }

// Throttle lets the server's answers through at so many bytes a second, over each
// connection.
func (p *Proxy) Throttle(rate int) { p.rate = rate }

// Answer answers so many HTTP requests, or with 0 all from now on, with a status such
// as "503 Slow Down" in the place of the server. It is for an early fault.
func (p *Proxy) Answer(status string, times int) { p.answer, p.times = status, times }

func (p *Proxy) accept() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		p.mu.Lock()
		refuses := p.refuses
		p.mu.Unlock()
		server, err := net.Dial("tcp", p.target)
		if refuses || err != nil {
			_ = client.Close()
			if err == nil {
				_ = server.Close()
			}
			continue
		}
		p.mu.Lock()
		p.conns[client], p.conns[server] = true, true
		p.mu.Unlock()
		p.running.Go(func() { p.fromClient(client, server) })
		p.running.Go(func() {
			_, _ = io.Copy(client, &throttled{p, server})
			p.end(client, server)
		})
	}
}

// throttled reads a server's answers no faster than the proxy lets it.
type throttled struct {
	*Proxy
	server net.Conn
}

// Read implements io.Reader.
func (s *throttled) Read(b []byte) (int, error) {
	s.mu.Lock()
	rate := s.rate
	s.mu.Unlock()
	if rate == 0 {
		return s.server.Read(b)
	}
	n, err := s.server.Read(b[:min(len(b), max(1, rate/20))])
	time.Sleep(time.Duration(n) * time.Second / time.Duration(rate))
	return n, err
}

func (p *Proxy) end(client, server net.Conn) {
	_, _ = client.Close(), server.Close()
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.conns, client)
	delete(p.conns, server)
}

// fromClient passes messages on, one by one.
func (p *Proxy) fromClient(client, server net.Conn) {
	defer p.end(client, server)
	for first := true; ; first = false {
		message, err := p.next(client, first)
		if err != nil || !p.pass(client, server, message) {
			return
		}
	}
}

// pass delivers one message, with the fault before or behind it; false: the
// connection is over.
func (p *Proxy) pass(client, server net.Conn, message []byte) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.delay > 0 {
		delay := p.delay
		p.mu.Unlock()
		time.Sleep(delay)
		p.mu.Lock()
	}
	p.sent++
	hit := p.at > 0 && p.sent == p.at
	if hit && p.early {
		if p.fault(); p.answer == "" {
			return false
		}
	}
	if status := p.answer; status != "" {
		if p.times--; p.times == 0 {
			p.answer = ""
		}
		p.mu.Unlock()
		refuse(client, status)
		p.mu.Lock()
		return false
	}
	if _, err := server.Write(message); err != nil {
		return false
	}
	if hit && !p.early {
		p.fault()
	}
	return true
}

// refuse answers a request, of which more may be on its way: it is read, or the client
// would see a reset before the answer.
func refuse(client net.Conn, status string) {
	_, _ = io.WriteString(client, "HTTP/1.1 "+status+"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
	if tcp, ok := client.(*net.TCPConn); ok {
		_ = tcp.CloseWrite()
	}
	_ = client.SetReadDeadline(time.Now().Add(time.Second))
	_, _ = io.Copy(io.Discard, client)
}
