package django_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"

	"carebase/internal/testing/testapp"
)

// world is what the placeholders of a session stand for.
type world struct {
	*testapp.Server
	emails, tokens map[string]string
	// ids has the ids by placeholder, names the placeholders by kind and id.
	ids, names map[string]string
}

// begin creates what every session starts with.
func (w *world) begin(session string) {
	w.emails, w.tokens, w.ids, w.names = map[string]string{}, map[string]string{}, map[string]string{}, map[string]string{}
	for _, user := range []string{"alice", "bob"} {
		account := map[string]any{"name": user, "email": user + "-" + session + "@example.com", "password": testapp.Password}
		w.emails[user] = fmt.Sprint(account["email"])
		w.name("user", user, w.Must(http.StatusCreated, "", "POST", "/api/auth/register/", account)["id"])
		for kind, token := range w.Must(http.StatusOK, "", "POST", "/api/auth/login/", account) {
			w.tokens[user+":"+kind] = fmt.Sprint(token)
		}
	}
	for _, record := range []struct {
		kind, name, user string
		fields           map[string]any
	}{
		{"patient", "p1", "alice", map[string]any{"name": "P One", "age": 1, "notes": "n"}},
		{"patient", "p2", "alice", map[string]any{"name": "A Two", "age": 2}},
		{"patient", "p10", "bob", map[string]any{"name": "B Ten", "age": 10}},
		{"patient", "p11", "bob", map[string]any{"name": "B Eleven", "age": 11}},
		{"doctor", "d1", "alice", map[string]any{"name": "D One", "speciality": "Cardiology"}},
		{"doctor", "d2", "alice", map[string]any{"name": "D Two"}},
		{"doctor", "d11", "bob", map[string]any{"name": "D Eleven", "speciality": "x"}},
		{"mapping", "m1", "alice", map[string]any{"patient": "@@p1@@", "doctor": "@@d1@@"}},
		{"mapping", "m2", "alice", map[string]any{"patient": "@@p1@@", "doctor": "@@d11@@"}},
		{"mapping", "m10", "bob", map[string]any{"patient": "@@p10@@", "doctor": "@@d1@@"}},
	} {
		for field, value := range record.fields {
			if text, ok := value.(string); ok {
				record.fields[field] = w.fill(text)
			}
		}
		w.name(record.kind, record.name, w.Must(http.StatusCreated, w.tokens[record.user+":access"], "POST", "/api/"+record.kind+"s/", record.fields)["id"])
	}
}

// end deletes what a session leaves that others could see.
func (w *world) end() {
	for _, user := range []string{"alice", "bob"} {
		token := w.tokens[user+":access"]
		for _, doctor := range w.Call(token, "GET", "/api/doctors/", nil).List(w.Server) {
			w.Call(token, "DELETE", fmt.Sprintf("/api/doctors/%v/", idText(doctor["id"])), nil)
		}
	}
}

// idText writes an id, which may be a large number, as in a path.
func idText(id any) string {
	if number, ok := id.(float64); ok {
		return fmt.Sprintf("%.0f", number)
	}
	return fmt.Sprint(id)
}

func (w *world) name(kind, name string, id any) {
	w.ids[name] = idText(id)
	w.names[kind+" "+idText(id)] = name
}

// ask sends a request byte by byte as it stands: net/http's client refuses some of
// them.
func (w *world) ask(e exchange) (answer, error) {
	connection, err := net.Dial("tcp", strings.TrimPrefix(w.URL, "http://"))
	if err != nil {
		return answer{}, err
	}
	defer connection.Close()
	var sent bytes.Buffer
	fmt.Fprintf(&sent, "%s %s HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n", e.Method, w.fill(e.Path))
	for _, header := range e.Headers {
		fmt.Fprintf(&sent, "%s: %s\r\n", header[0], w.fill(header[1]))
	}
	content, present := e.content()
	if content = w.fill(content); present {
		fmt.Fprintf(&sent, "Content-Length: %d\r\n", len(content))
	}
	sent.WriteString("\r\n" + content)
	if _, err := sent.WriteTo(connection); err != nil {
		return answer{}, err
	}
	response, err := http.ReadResponse(bufio.NewReader(connection), &http.Request{Method: strings.ToUpper(e.Method)})
	if err != nil {
		return answer{}, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return answer{}, err
	}
	return w.answerOf(e, response, body)
}

func (w *world) answerOf(e exchange, response *http.Response, body []byte) (answer, error) {
	allow := strings.Split(response.Header.Get("Allow"), ", ")
	slices.Sort(allow)
	got := answer{
		Status: response.StatusCode, Type: response.Header.Get("Content-Type"),
		Challenge: response.Header.Get("WWW-Authenticate"), Allow: strings.Join(allow, ", "),
	}
	switch {
	case strings.HasPrefix(got.Type, "text/html"):
		got.Body = "<html>"
	case json.Valid(body):
		if e.Creates != "" {
			var created struct{ ID json.Number }
			if err := json.Unmarshal(body, &created); err != nil {
				return got, err
			}
			w.name(kindOf(e.Path), e.Creates, created.ID.String())
		}
		got.JSON, got.Indented = body, bytes.ContainsRune(body, '\n')
	default:
		got.Body = string(body)
	}
	return got, nil
}

// kindOf returns the kind of records that a path is about.
func kindOf(path string) string {
	for _, kind := range []string{"patient", "doctor", "mapping"} {
		if strings.Contains(path, "/"+kind+"s") {
			return kind
		}
	}
	return "user"
}
