package realtime

import (
	"maps"
	"slices"
	"sync"

	"github.com/pocketbase/pocketbase/core"
)

// readers has the clients of each account that any is signed in as, so that none
// has to be looked for among all.
type readers struct {
	mutex   sync.Mutex
	clients map[string]map[*Client]bool
}

func (r *readers) move(client *Client, from, to string) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	if delete(r.clients[from], client); len(r.clients[from]) == 0 {
		delete(r.clients, from)
	}
	if to == "" {
		return
	}
	if r.clients == nil {
		r.clients = map[string]map[*Client]bool{}
	}
	if r.clients[to] == nil {
		r.clients[to] = map[*Client]bool{}
	}
	r.clients[to][client] = true
}

// SignedIn returns the clients that are signed in as an account, including those of
// other processes that this one knows of.
func (r *Room) SignedIn(account *core.Record) []*Client {
	r.readers.mutex.Lock()
	defer r.readers.mutex.Unlock()
	return slices.Collect(maps.Keys(r.readers.clients[readerOf(account)]))
}

// noteReader has the room know who the client is signed in as; nobody once it has
// ended. The caller holds the mutex.
func (c *Client) noteReader() {
	reader := readerOf(c.auth())
	if c.hasEnded {
		reader = ""
	}
	if c.room != nil && reader != c.reader {
		c.room.readers.move(c, c.reader, reader)
		c.reader = reader
	}
}
