package backup_test

import (
	"encoding/xml"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// bucket is a server with the part of S3 that the clients use.
type bucket struct {
	*httptest.Server
	unavailable atomic.Bool
	lock        sync.Mutex
	objects     map[string]object
}

type object struct {
	content string
	at      time.Time
}

const bucketName = "clinic"

func newBucket(t *testing.T) *bucket {
	t.Helper()
	served := &bucket{objects: map[string]object{}}
	served.Server = httptest.NewServer(served)
	t.Cleanup(served.Close)
	return served
}

// place returns the bucket's URL for BACKUP_URL, or with a path for REPLICA_URL.
func (b *bucket) place(path string) string {
	return "s3://" + bucketName + path + "?path-style=true&endpoint=" + b.URL
}

func (b *bucket) ServeHTTP(writer http.ResponseWriter, request *http.Request) {
	b.lock.Lock()
	defer b.lock.Unlock()
	key := strings.TrimPrefix(strings.TrimPrefix(request.URL.Path, "/"+bucketName), "/")
	found, exists := b.objects[key]
	switch {
	case b.unavailable.Load():
		writer.WriteHeader(http.StatusServiceUnavailable)
	case request.Method == http.MethodPut:
		content, err := io.ReadAll(request.Body)
		if err != nil {
			writer.WriteHeader(http.StatusBadRequest)
			return
		}
		b.objects[key] = object{string(content), time.Now().UTC()}
		writer.Header().Set("ETag", `"x"`)
	case request.Method == http.MethodDelete:
		delete(b.objects, key)
		writer.WriteHeader(http.StatusNoContent)
	case request.Method == http.MethodGet && key == "":
		b.list(writer, request.URL.Query().Get("prefix"))
	case !exists:
		writer.WriteHeader(http.StatusNotFound)
	default:
		http.ServeContent(writer, request, key, found.at, strings.NewReader(found.content))
	}
}

func (b *bucket) list(writer io.Writer, prefix string) {
	type entry struct {
		Key          string
		LastModified time.Time
		ETag         string
		Size         int
	}
	var list struct {
		XMLName  xml.Name `xml:"ListBucketResult"`
		KeyCount int
		Contents []entry
	}
	for key, found := range b.objects {
		if strings.HasPrefix(key, prefix) {
			list.Contents = append(list.Contents, entry{key, found.at, `"x"`, len(found.content)})
		}
	}
	slices.SortFunc(list.Contents, func(a, b entry) int { return strings.Compare(a.Key, b.Key) })
	list.KeyCount = len(list.Contents)
	_ = xml.NewEncoder(writer).Encode(list)
}
