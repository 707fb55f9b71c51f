package testapp

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
)

// Attachments is a collection of an operator's whose records have a file each and belong
// to patients.
const Attachments = "attachments"

// NewAttachments adds the collection as a superuser and returns its id.
func (s *Server) NewAttachments(superuser string) string {
	s.Helper()
	patients := ID(s.Must(http.StatusOK, superuser, "GET", "/api/collections/patients", nil)["id"])
	return ID(s.Must(http.StatusOK, superuser, "POST", "/api/collections", map[string]any{"name": Attachments, "type": "base", "fields": []map[string]any{
		{"name": "patient", "type": "relation", "collectionId": patients, "cascadeDelete": true, "maxSelect": 1},
		{"name": "letter", "type": "file", "maxSelect": 1},
	}})["id"])
}

// Attach stores an attachment of a patient, or of none, and returns its id.
func (s *Server) Attach(superuser, patient string) string {
	s.Helper()
	const boundary = "boundary"
	form := strings.ReplaceAll("--boundary\nContent-Disposition: form-data; name=\"patient\"\n\n"+patient+
		"\n--boundary\nContent-Disposition: form-data; name=\"letter\"; filename=\"letter.txt\"\n\nDear colleague\n--boundary--\n", "\n", "\r\n")
	header := map[string]string{"Content-Type": "multipart/form-data; boundary=" + boundary}
	answer := s.Do(Request{Method: "POST", Path: Records(Attachments), Token: superuser, Header: header, Body: form})
	if answer.Status != http.StatusOK {
		s.Fatalf("got %d %s", answer.Status, answer.Body)
	}
	var stored map[string]any
	answer.Decode(s, &stored)
	return ID(stored["id"])
}

// Outage is one of the storage of files: a bucket that only answers with errors.
type Outage struct {
	superuser string
	bucket    *httptest.Server
	asked     sync.Map
}

// LoseFiles begins an outage.
func (s *Server) LoseFiles(superuser string) *Outage {
	s.Helper()
	outage := &Outage{superuser: superuser}
	outage.bucket = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		outage.asked.Store(r.URL.Query().Get("prefix"), true)
		w.WriteHeader(http.StatusServiceUnavailable)
	}))
	s.Cleanup(outage.bucket.Close)
	s.Must(http.StatusOK, superuser, "PATCH", "/api/settings", map[string]any{"s3": map[string]any{
		"enabled": true, "endpoint": outage.bucket.URL, "bucket": "files", "region": "r", "accessKey": "key", "secret": "secret", "forcePathStyle": true,
	}})
	return outage
}

// WasAsked reports whether somebody has looked for the files whose names begin so.
func (o *Outage) WasAsked(prefix string) bool {
	_, asked := o.asked.Load(prefix)
	return asked
}

// End has a server use the local storage again.
func (o *Outage) End(server *Server) {
	server.Helper()
	server.Must(http.StatusOK, o.superuser, "PATCH", "/api/settings", map[string]any{"s3": map[string]any{"enabled": false}})
}
