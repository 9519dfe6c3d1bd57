package lake

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"path"
	"path/filepath"
	"sync"
)

// Copies are local copies of a store's objects, for programs that cannot open what
// its Location says. It is safe for concurrent use.
type Copies struct {
	store Reader
	dir   string
	mu    sync.Mutex
	made  map[string]*copied
}

type copied struct {
	once sync.Once
	file string
	err  error
}

// NewCopies makes copies below an existing local directory, which is the caller's.
func NewCopies(store Reader, dir string) *Copies {
	return &Copies{store: store, dir: dir, made: map[string]*copied{}}
}

// Path returns the local path of an object, which it copies the first time. An
// object that is replaced meanwhile, or arrives damaged, fails with ErrChanged.
func (c *Copies) Path(ctx context.Context, key string) (string, error) {
	if d, ok := c.store.(*Directory); ok {
		return d.Location(key), nil
	}
	c.mu.Lock()
	one := c.made[key]
	if one == nil {
		one = &copied{}
		c.made[key] = one
	}
	c.mu.Unlock()
	one.once.Do(func() { one.file, one.err = c.copy(ctx, key) })
	if one.err != nil {
		c.mu.Lock()
		if c.made[key] == one {
			delete(c.made, key) // whoever asks again may fare better
		}
		c.mu.Unlock()
	}
	return one.file, one.err
}

func (c *Copies) copy(ctx context.Context, key string) (file string, err error) {
	sum := sha256.Sum256([]byte(key))
	file = filepath.Join(c.dir, hex.EncodeToString(sum[:12])+path.Ext(key))
	o, err := c.store.Stat(ctx, key)
	if err != nil {
		return "", err
	}
	return file, receive(ctx, c.store, Transfer{Key: key, File: file, Size: o.Size})
}

// Drop removes the copy of one object; nobody may be reading it.
func (c *Copies) Drop(key string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	one := c.made[key]
	delete(c.made, key)
	if one == nil || one.file == "" {
		return nil
	}
	return removed(one.file)
}

// Clear removes the copies; nobody may be reading them.
func (c *Copies) Clear() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	var err error
	for key, one := range c.made {
		if one.file != "" {
			err = errors.Join(err, removed(one.file))
		}
		delete(c.made, key)
	}
	return err
}
