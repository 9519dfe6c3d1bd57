package warehouse_test

import (
	"encoding/binary"
	"io"
	"net"
	"net/url"
	"sync"
	"testing"
)

// proxy stands between the loader and the server and counts the messages that the
// client sends, over all connections.
type proxy struct {
	URL      string
	listener net.Listener
	target   string
	mu       sync.Mutex
	sent     int
	at       int    // the message at which fault is called; 0: never
	fault    func() // with the proxy locked
	early    bool   // the message itself is not delivered
	refuses  bool
	conns    map[net.Conn]bool
	running  sync.WaitGroup
}

func newProxy(t *testing.T, target string) *proxy {
	t.Helper()
	u, err := url.Parse(target)
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{target: u.Host, conns: map[net.Conn]bool{}}
	if p.listener, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	u.Host = p.listener.Addr().String()
	p.URL = u.String()
	go p.accept()
	t.Cleanup(func() {
		_ = p.listener.Close()
		p.mu.Lock()
		p.cut()
		p.mu.Unlock()
		p.running.Wait()
	})
	return p
}

// arm makes fault happen at the n-th message from now on: instead of it if early,
// else right after it is on its way.
func (p *proxy) arm(n int, early bool, fault func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.sent, p.at, p.early, p.fault, p.refuses = 0, n, early, fault, false
}

// disarm returns how many messages there were.
func (p *proxy) disarm() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.at, p.refuses = 0, false
	return p.sent
}

// cut ends all connections, as a router that forgets them.
func (p *proxy) cut() {
	for c := range p.conns {
		_ = c.Close()
	}
}

// refuse ends all connections and takes none any more.
func (p *proxy) refuse() {
	p.refuses = true
	p.cut()
}

func (p *proxy) accept() {
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
			_, _ = io.Copy(client, server)
			p.end(client, server)
		})
	}
}

func (p *proxy) end(client, server net.Conn) {
	_, _ = client.Close(), server.Close()
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.conns, client)
	delete(p.conns, server)
}

// fromClient passes messages on, one by one: the first has no type byte.
func (p *proxy) fromClient(client, server net.Conn) {
	defer p.end(client, server)
	for head := 4; ; head = 5 {
		message := make([]byte, head)
		if _, err := io.ReadFull(client, message); err != nil {
			return
		}
		body := make([]byte, int(binary.BigEndian.Uint32(message[head-4:]))-4)
		if _, err := io.ReadFull(client, body); err != nil {
			return
		}
		if !p.pass(server, append(message, body...)) {
			return
		}
	}
}

// pass delivers one message, with the fault before or behind it.
func (p *proxy) pass(server net.Conn, message []byte) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.sent++
	hit := p.at > 0 && p.sent == p.at
	if hit && p.early {
		p.fault()
		return false
	}
	if _, err := server.Write(message); err != nil {
		return false
	}
	if hit {
		p.fault()
	}
	return !hit
}
