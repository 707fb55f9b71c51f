package postgres

import (
	"log/slog"
	"sync"

	"carebase/internal/postgres/translate"
)

const (
	// maxTranslations is how many texts one generation of the cache holds.
	maxTranslations = 2000
	// maxCachedLength is the length of the longest text that is cached.
	maxCachedLength = 32 << 10
)

// translations caches translated statements by their text in two generations: a
// text used from the old one moves to the new one, and when the new one is full
// it replaces the old one. So the rare texts, among them those in which
// PocketBase puts random aliases, do not evict the frequent ones.
type translations struct {
	mutex    sync.Mutex
	new, old map[string][]*translate.Statement
}

func newTranslations() *translations {
	return &translations{new: map[string][]*translate.Statement{}}
}

func (t *translations) get(text string) ([]*translate.Statement, error) {
	if statements, ok := t.find(text); ok {
		return statements, nil
	}
	statements, err := translate.Translate(text)
	if err != nil {
		slog.Error("failed to translate SQL for PostgreSQL", "error", err, "statement", text)
		return nil, err
	}
	if len(text) <= maxCachedLength {
		t.mutex.Lock()
		t.keep(text, statements)
		t.mutex.Unlock()
	}
	return statements, nil
}

func (t *translations) find(text string) ([]*translate.Statement, bool) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	statements, ok := t.new[text]
	if ok {
		return statements, true
	}
	if statements, ok = t.old[text]; ok {
		t.keep(text, statements)
	}
	return statements, ok
}

// keep adds to the new generation. The mutex must be held.
func (t *translations) keep(text string, statements []*translate.Statement) {
	if len(t.new) >= maxTranslations {
		t.old, t.new = t.new, make(map[string][]*translate.Statement, maxTranslations)
	}
	t.new[text] = statements
}
