package routes_test

import (
	"encoding/json"
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"carebase/internal/testing/testapp"
)

// contractCase is one recorded conversation with the documented stack.
type contractCase struct {
	Name  string         `json:"name"`
	Steps []contractStep `json:"steps"`
}

type contractStep struct {
	Method  string            `json:"method"`
	Path    string            `json:"path"`
	Body    json.RawMessage   `json:"body"`
	Raw     *string           `json:"raw"`
	Type    string            `json:"ctype"`
	Who     *string           `json:"who"`
	Headers map[string]string `json:"headers"`
	Save    string            `json:"save"`
	Expect  struct {
		Status          int             `json:"status"`
		JSON            json.RawMessage `json:"json"`
		Allow           string          `json:"allow"`
		WWWAuthenticate string          `json:"www-authenticate"`
	} `json:"expect"`
}

// conversation is a case being replayed.
type conversation struct {
	*testapp.Server
	run   string
	users map[string]testapp.User
	saved map[string]string
}

func TestContract(t *testing.T) {
	t.Parallel()
	file, err := os.ReadFile("testdata/cases.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []contractCase
	if err := json.Unmarshal(file, &cases); err != nil {
		t.Fatal(err)
	}
	if len(cases) != 117 {
		t.Fatalf("got %d cases, want 117", len(cases))
	}
	server := testapp.New(t)
	reference := checkAgainstReference(t, server)
	reference.requestsToo = true
	for i, recorded := range cases {
		t.Run(recorded.Name, func(t *testing.T) {
			server := *server
			server.TB = t
			// The recorded mappings were asked for by ids as text.
			reference.lenient = slices.Contains(readLeniently, recorded.Name) || strings.HasPrefix(recorded.Name, "mappings/")
			c := conversation{Server: &server, run: fmt.Sprintf("run%d", i), users: map[string]testapp.User{}, saved: map[string]string{}}
			for number, step := range recorded.Steps {
				c.replay(number, step)
			}
		})
	}
	if checked := reference.checked.Load(); checked < 300 {
		t.Errorf("only %d exchanges were checked", checked)
	}
}

// readLeniently are the cases whose requests are read although the reference does
// not tell to send them.
var readLeniently = []string{"register/name is a number", "patients/name number", "patients/age string"}

func (c *conversation) replay(number int, step contractStep) {
	c.Helper()
	request := testapp.Request{Method: step.Method, Header: map[string]string{}}
	if step.Who != nil {
		if raw, ok := strings.CutPrefix(*step.Who, "raw:"); ok {
			request.Header["Authorization"] = c.fill(raw)
		} else {
			request.Token = c.user(*step.Who).Access
		}
	}
	request.Path = c.fill(step.Path)
	switch {
	case step.Raw != nil:
		request.Body = c.fill(*step.Raw)
	case step.Body != nil:
		request.Body = c.fill(string(step.Body))
	}
	if step.Type != "" && request.Body != nil {
		request.Header["Content-Type"] = step.Type
	}
	for name, value := range step.Headers {
		request.Header[name] = value
	}

	response := c.Do(request)
	where := fmt.Sprintf("step %d, %s %s", number, step.Method, step.Path)
	if response.Status != step.Expect.Status {
		c.Fatalf("%s: got %d %s, want %d %s", where, response.Status, response.Body, step.Expect.Status, step.Expect.JSON)
	}
	var want, got any
	if err := json.Unmarshal([]byte(c.fill(string(step.Expect.JSON))), &want); err != nil {
		c.Fatal(err)
	}
	if response.Body != "" {
		response.Decode(c.Server, &got)
	}
	if object, ok := got.(map[string]any); ok && step.Save != "" {
		c.saved[step.Save] = testapp.ID(object["id"])
	}
	if !c.matches(want, got) {
		c.Errorf("%s: got %s, want %s", where, response.Body, step.Expect.JSON)
	}
	if got := response.Header.Get("WWW-Authenticate"); got != step.Expect.WWWAuthenticate {
		c.Errorf("%s: got WWW-Authenticate %q, want %q", where, got, step.Expect.WWWAuthenticate)
	}
	if step.Expect.Allow != "" {
		allow := strings.Split(response.Header.Get("Allow"), ", ")
		slices.Sort(allow)
		if got := strings.Join(allow, ", "); got != step.Expect.Allow {
			c.Errorf("%s: got Allow %q, want %q", where, got, step.Expect.Allow)
		}
	}
}

func (c *conversation) user(name string) testapp.User {
	c.Helper()
	if _, known := c.users[name]; !known {
		c.users[name] = c.SignUp(name + "-" + c.run)
	}
	return c.users[name]
}

// fill puts this run's values into a recorded text.
func (c *conversation) fill(text string) string {
	c.Helper()
	for _, name := range []string{"alice", "bob"} {
		if strings.Contains(text, "{"+name+".") {
			user := c.user(name)
			text = strings.NewReplacer("{"+name+".access}", user.Access, "{"+name+".refresh}", user.Refresh).Replace(text)
		}
	}
	for name, id := range c.saved {
		text = strings.ReplaceAll(text, "{"+name+"}", id)
	}
	return strings.ReplaceAll(text, "{run}", c.run)
}

// matches compares with a recorded value, in which <name> stands for what
// differs from run to run.
func (c *conversation) matches(want, got any) bool {
	switch want := want.(type) {
	case map[string]any:
		object, ok := got.(map[string]any)
		if !ok || len(object) != len(want) {
			return false
		}
		for key, value := range want {
			if _, present := object[key]; !present || !c.matches(value, object[key]) {
				return false
			}
		}
		return true
	case []any:
		list, ok := got.([]any)
		if !ok || len(list) != len(want) {
			return false
		}
		for i, value := range want {
			// The recording has <id> for a message about an id, too.
			message, isMessage := list[i].(string)
			if !c.matches(value, list[i]) && (value != "<id>" || !isMessage || message == "") {
				return false
			}
		}
		return true
	case string:
		if number, isNumber := got.(float64); isNumber {
			return c.matchesID(want, testapp.ID(number))
		}
		text, ok := got.(string)
		return ok && c.matchesText(want, text)
	}
	return reflect.DeepEqual(want, got)
}

func (c *conversation) matchesText(want, got string) bool {
	if parse, ok := strings.CutSuffix(want, "…"); ok {
		return strings.HasPrefix(got, parse)
	}
	name, isPlaceholder := strings.CutPrefix(want, "<")
	if !isPlaceholder {
		return want == got
	}
	switch strings.TrimSuffix(name, ">") {
	case "time":
		_, err := time.Parse("2006-01-02T15:04:05.999999Z", got)
		return err == nil
	case "jwt":
		return strings.Count(got, ".") == 2
	}
	return false
}

// matchesID compares an id, which is a number.
func (c *conversation) matchesID(want, got string) bool {
	name := strings.Trim(want, "<>")
	if user, known := c.users[name]; known {
		return got == user.ID
	}
	return name == "id" || got == c.saved[name]
}
