package backup_test

import (
	"encoding/xml"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// testObjects is a place for objects that speaks as much of S3 as the clients
// need, as a BACKUP_URL.
func testObjects(t *testing.T) string {
	t.Helper()
	var lock sync.Mutex
	objects := map[string]string{}
	server := httptest.NewServer(http.HandlerFunc(func(writer http.ResponseWriter, request *http.Request) {
		lock.Lock()
		defer lock.Unlock()
		key, _ := strings.CutPrefix(strings.TrimPrefix(request.URL.Path, "/"), "clinic")
		key = strings.TrimPrefix(key, "/")
		content, found := objects[key]
		switch {
		case request.Method == http.MethodPut:
			body, err := io.ReadAll(request.Body)
			if err != nil {
				t.Error(err)
			}
			objects[key] = string(body)
			writer.Header().Set("ETag", `"x"`)
		case request.Method == http.MethodGet && key == "":
			listObjects(writer, objects, request.URL.Query().Get("prefix"))
		case !found:
			writer.WriteHeader(http.StatusNotFound)
		default:
			http.ServeContent(writer, request, key, time.Now(), strings.NewReader(content))
		}
	}))
	t.Cleanup(server.Close)
	return "s3://clinic?path-style=true&endpoint=" + server.URL
}

func listObjects(writer io.Writer, objects map[string]string, prefix string) {
	type object struct {
		Key          string
		LastModified time.Time
		ETag         string
		Size         int
	}
	var list struct {
		XMLName  xml.Name `xml:"ListBucketResult"`
		KeyCount int
		Contents []object
	}
	for key, content := range objects {
		if strings.HasPrefix(key, prefix) {
			list.Contents = append(list.Contents, object{key, time.Now().UTC(), `"x"`, len(content)})
		}
	}
	slices.SortFunc(list.Contents, func(a, b object) int { return strings.Compare(a.Key, b.Key) })
	list.KeyCount = len(list.Contents)
	_ = xml.NewEncoder(writer).Encode(list)
}
