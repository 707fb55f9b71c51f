package routes_test

import (
	"fmt"
	"maps"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/testing/testapp"
)

// doors are the paths of a patient at both APIs.
func doors(patient string) map[string]string {
	return map[string]string{"documented": "/api/patients/" + patient + "/", "native": testapp.Records("patients") + "/" + patient}
}

// TestIfMatch has two clerks open one patient and change it, at both APIs: the
// second one does not overwrite unseen what the first one wrote.
func TestIfMatch(t *testing.T) {
	t.Parallel()
	c := testapp.NewClinic(t)
	call := func(method, path, tag string, body any) testapp.Response {
		return c.Do(testapp.Request{Method: method, Path: path, Token: c.Alice.Access, Body: body, Header: map[string]string{"If-Match": tag}})
	}
	for name, path := range doors(c.AlicePatient) {
		opened := c.Call(c.Alice.Access, "GET", path, nil).Header.Get("ETag")
		for other, elsewhere := range doors(c.AlicePatient) {
			if tag := c.Call(c.Alice.Access, "GET", elsewhere, nil).Header.Get("ETag"); tag != opened || !strings.HasPrefix(tag, `"`) {
				t.Errorf("%s has the tag %s, %s %s", name, opened, other, tag)
			}
		}
		first := call("PATCH", path, opened, map[string]any{"notes": "first, " + name})
		c.Want(first, http.StatusOK)
		current := first.Header.Get("ETag")
		if current == opened || current != c.Call(c.Alice.Access, "GET", path, nil).Header.Get("ETag") {
			t.Errorf("%s: after the change the tag is %s", name, current)
		}
		for method, body := range map[string]any{"PATCH": map[string]any{"notes": "second"}, "DELETE": nil} {
			for _, wrong := range []string{opened, "W/" + current, `"x"`, current[1:]} {
				second := call(method, path, wrong, body)
				if second.Status != http.StatusPreconditionFailed || second.Header.Get("ETag") != current {
					t.Errorf("%s, %s with %s: got %d %s, ETag %s", name, method, wrong, second.Status, second.Body, second.Header.Get("ETag"))
				}
			}
		}
		c.Want(call("PATCH", path, `"x", `+current, map[string]any{"age": 50}), http.StatusOK)
		c.Want(call("PATCH", path, "*", map[string]any{"age": 51}), http.StatusOK)
		c.Want(c.Call(c.Alice.Access, "PATCH", path, map[string]any{"age": 52}), http.StatusOK)
		// Whoever may not see the patient learns nothing of its tag.
		c.Want(c.Do(testapp.Request{Method: "PATCH", Path: path, Token: c.Bob.Access, Body: map[string]any{"age": 1}, Header: map[string]string{"If-Match": `"x"`}}), http.StatusNotFound)
	}
	documented := doors(c.AlicePatient)["documented"]
	c.Want(call("PUT", documented, `"x"`, map[string]any{"name": "Anna", "age": 1}), http.StatusPreconditionFailed)
	c.Want(call("GET", documented, `"x"`, nil), http.StatusPreconditionFailed)
	tag := c.Call(c.Alice.Access, "GET", documented, nil).Header.Get("ETag")
	listed := c.Call(c.Alice.Access, "GET", "/api/patients/?etag=true", nil).List(c.Server)
	if listed[0]["etag"] != tag {
		t.Errorf("the list has the tag %v, want %s", listed[0]["etag"], tag)
	}
	if body := c.Call(c.Alice.Access, "GET", "/api/patients/", nil).Body; strings.Contains(body, "etag") {
		t.Errorf("a list that nobody asked for tags: %s", body)
	}
	c.Want(call("DELETE", documented, tag, nil), http.StatusNoContent)
}

// TestIfMatchWithAddedFields has each kind of value in fields that operators add: a
// record has one tag, however it is read.
func TestIfMatchWithAddedFields(t *testing.T) {
	t.Parallel()
	server := testapp.New(t)
	alice := server.SignUp("alice")
	addFields(server, "patients", append(scalars(), map[string]any{"name": "dose", "type": "number"}, map[string]any{"name": "place", "type": "geoPoint"})...)
	for _, values := range []map[string]any{
		{},
		{"insured": true},
		{"insured": false},
		{"dose": 1234567}, {"dose": -20000000.25}, {"dose": 1e21}, {"dose": 9007199254740991}, {"dose": 0.00000123},
		{"bed": 7, "weight": 70.5, "admitted": "2026-01-31", "extra": map[string]any{"b": 1e7}, "needs": []string{"lift"}, "place": map[string]any{"lon": 1234.5e-2, "lat": 2}},
	} {
		sent := map[string]any{"name": "Ada", "age": 36}
		maps.Copy(sent, values)
		created := server.Call(alice.Access, "POST", "/api/patients/", sent)
		id := testapp.ID(decoded(server, created)["id"])
		tags := map[string]any{"created": created.Header.Get("ETag")}
		for name, path := range doors(id) {
			tags[name] = server.Call(alice.Access, "GET", path, nil).Header.Get("ETag")
		}
		tags["listed"] = server.Call(alice.Access, "GET", "/api/patients/?etag=true&ordering=-created_at", nil).List(server)[0]["etag"]
		for name, tag := range tags {
			if tag != tags["created"] {
				t.Errorf("%v, %s: the tag is %v, not %v", values, name, tag, tags["created"])
			}
		}
	}
}

// TestConditionsInABatch has If-Match hold for each request of a batch. Nothing that
// a batch does not honour is passed over in silence.
func TestConditionsInABatch(t *testing.T) {
	t.Parallel()
	c := testapp.NewClinic(t)
	path := doors(c.AlicePatient)["native"]
	batch := func(method, url string, headers map[string]string, outside map[string]string) testapp.Response {
		request := map[string]any{"method": method, "url": url, "headers": headers, "body": map[string]any{"id": c.AlicePatient, "notes": "batched"}}
		if method == "POST" {
			request["body"] = map[string]any{"name": "New", "age": 1}
		}
		return c.Do(testapp.Request{Method: "POST", Path: "/api/batch", Token: c.Alice.Access, Header: outside, Body: map[string]any{"requests": []any{request}}})
	}
	tag := c.Call(c.Alice.Access, "GET", path, nil).Header.Get("ETag")
	for _, door := range [][2]string{{"PATCH", path}, {"PUT", testapp.Records("patients")}, {"DELETE", path}} {
		if answer := batch(door[0], door[1], map[string]string{"If-Match": `"stale"`}, nil); answer.Status != http.StatusBadRequest || !strings.Contains(answer.Body, `"status":412`) {
			t.Errorf("%s with a stale tag: got %d %s", door[0], answer.Status, answer.Body)
		}
	}
	c.Want(batch("PATCH", path, map[string]string{"If-Match": tag}, nil), http.StatusOK)
	c.Want(batch("PATCH", path, nil, map[string]string{"If-Match": tag}), http.StatusBadRequest)
	c.Want(batch("POST", testapp.Records("patients"), nil, map[string]string{"Idempotency-Key": "1"}), http.StatusBadRequest)
	c.Want(batch("POST", testapp.Records("patients"), map[string]string{"Idempotency-Key": "1"}, nil), http.StatusBadRequest)
	c.Want(batch("POST", testapp.Records("patients"), nil, nil), http.StatusOK)
}

// TestIdempotencyKeyOfAForm sends a form again, of the same values and of others.
func TestIdempotencyKeyOfAForm(t *testing.T) {
	t.Parallel()
	c := testapp.NewClinic(t)
	form := func(boundary, name string) testapp.Response {
		body := "--B\r\nContent-Disposition: form-data; name=\"name\"\r\n\r\n" + name + "\r\n--B\r\nContent-Disposition: form-data; name=\"age\"\r\n\r\n1\r\n--B--\r\n"
		return c.Do(testapp.Request{Method: "POST", Path: testapp.Records("patients"), Token: c.Alice.Access, Body: strings.ReplaceAll(body, "--B", "--"+boundary),
			Header: map[string]string{"Idempotency-Key": "form", "Content-Type": "multipart/form-data; boundary=" + boundary}})
	}
	first := form("one", "Form")
	c.Want(first, http.StatusOK)
	if again := form("other", "Form"); again.Body != first.Body || again.Header.Get("Idempotency-Replayed") != "true" {
		t.Errorf("again got %d %s, want %s", again.Status, again.Body, first.Body)
	}
	c.Want(form("one", "Another"), http.StatusUnprocessableEntity)
}

// TestIfMatchCoversFieldsOfOperators changes a field that the documented API does
// not show.
func TestIfMatchCoversFieldsOfOperators(t *testing.T) {
	t.Parallel()
	c := testapp.NewClinic(t)
	patients, err := c.App.FindCollectionByNameOrId("patients")
	if err != nil {
		t.Fatal(err)
	}
	patients.Fields.Add(&core.TextField{Name: "ward"})
	if err := c.App.Save(patients); err != nil {
		t.Fatal(err)
	}
	paths := doors(c.AlicePatient)
	opened := c.Call(c.Alice.Access, "GET", paths["documented"], nil).Header.Get("ETag")
	c.Want(c.Call(c.Alice.Access, "PATCH", paths["native"], map[string]any{"ward": "B"}), http.StatusOK)
	c.Want(c.Do(testapp.Request{Method: "PATCH", Path: paths["documented"], Token: c.Alice.Access, Body: map[string]any{"age": 1}, Header: map[string]string{"If-Match": opened}}), http.StatusPreconditionFailed)
}

// TestIfMatchAtTheSameTime has many clerks change what they have all just read.
func TestIfMatchAtTheSameTime(t *testing.T) {
	t.Parallel()
	c := testapp.NewClinic(t)
	for name, path := range doors(c.AlicePatient) {
		opened := c.Call(c.Alice.Access, "GET", path, nil).Header.Get("ETag")
		var mutex sync.Mutex
		var clerks sync.WaitGroup
		statuses := map[int]int{}
		for i := range 8 {
			clerks.Go(func() {
				answer := c.Do(testapp.Request{Method: "PATCH", Path: path, Token: c.Alice.Access, Body: map[string]any{"notes": fmt.Sprint(name, i)}, Header: map[string]string{"If-Match": opened}})
				mutex.Lock()
				defer mutex.Unlock()
				statuses[answer.Status]++
			})
		}
		clerks.Wait()
		if statuses[http.StatusOK] != 1 || statuses[http.StatusPreconditionFailed] != 7 {
			t.Errorf("%s: got %v", name, statuses)
		}
	}
}

// TestIdempotencyKey sends creations again, at both APIs.
func TestIdempotencyKey(t *testing.T) {
	t.Parallel()
	c := testapp.NewClinic(t)
	create := func(path, token, key string, age int) testapp.Response {
		return c.Do(testapp.Request{Method: "POST", Path: path, Token: token, Body: map[string]any{"name": "Once", "age": age}, Header: map[string]string{"Idempotency-Key": key}})
	}
	for path, status := range map[string]int{"/api/patients/": http.StatusCreated, testapp.Records("patients"): http.StatusOK} {
		first := create(path, c.Alice.Access, "key-1", 1)
		c.Want(first, status)
		if first.Header.Get("Idempotency-Replayed") != "" {
			t.Errorf("%s: the first is a replay", path)
		}
		var again sync.WaitGroup
		for range 4 {
			again.Go(func() {
				answer := create(path, c.Alice.Access, "key-1", 1)
				if answer.Status == http.StatusConflict {
					return // two of them at the same time
				}
				if answer.Status != status || answer.Body != first.Body || answer.Header.Get("Idempotency-Replayed") != "true" {
					t.Errorf("%s: again got %d %s, want %s", path, answer.Status, answer.Body, first.Body)
				}
			})
		}
		again.Wait()
		c.Want(create(path, c.Alice.Access, "key-1", 2), http.StatusUnprocessableEntity)
		if other := create(path, c.Bob.Access, "key-1", 2); other.Status != status || other.Header.Get("Idempotency-Replayed") != "" {
			t.Errorf("%s: another user's got %d %s", path, other.Status, other.Body)
		}
		c.Want(create(path, c.Alice.Access, strings.Repeat("k", 300), 1), http.StatusBadRequest)
		// What was refused can be corrected under the same key.
		c.Want(create(path, c.Alice.Access, "key-2", -1), http.StatusBadRequest)
		c.Want(create(path, c.Alice.Access, "key-2", 1), status)
	}
	if patients := c.Call(c.Alice.Access, "GET", "/api/patients/", nil).List(c.Server); len(patients) != 5 {
		t.Errorf("%d patients, want Anna and four", len(patients))
	}
	var stored string
	if err := c.App.DB().NewQuery("SELECT group_concat(id || body || record) FROM idempotency_keys").Row(&stored); err != nil || strings.Contains(stored, "key-1") || strings.Contains(stored, "Once") {
		t.Errorf("stored is %s, %v", stored, err)
	}
}

// TestIdempotencyKeyUnderWay sends a request again while the first one is at work.
func TestIdempotencyKeyUnderWay(t *testing.T) {
	t.Parallel()
	c := testapp.NewClinic(t)
	began, release := make(chan struct{}), make(chan struct{})
	c.App.OnRecordCreate("patients").BindFunc(func(e *core.RecordEvent) error {
		began <- struct{}{}
		<-release
		return e.Next()
	})
	for path, status := range map[string]int{"/api/patients/": http.StatusCreated, testapp.Records("patients"): http.StatusOK} {
		create := func() testapp.Response {
			return c.Do(testapp.Request{Method: "POST", Path: path, Token: c.Alice.Access, Body: map[string]any{"name": "Slow", "age": 1}, Header: map[string]string{"Idempotency-Key": "slow"}})
		}
		first := make(chan testapp.Response, 1)
		go func() { first <- create() }()
		<-began
		c.Want(create(), http.StatusConflict)
		release <- struct{}{}
		c.Want(<-first, status)
		c.Want(create(), status)
	}
}

// TestCreatedAndChanged has others change or delete a record between its creation and the
// answer: a tag must not be newer than what it is the tag of.
func TestCreatedAndChanged(t *testing.T) {
	c := testapp.NewClinic(t)
	var meanwhile func(*core.Record) error
	c.App.OnRecordAfterCreateSuccess("patients").BindFunc(func(e *core.RecordEvent) error {
		if err := meanwhile(e.Record); err != nil {
			return err
		}
		return e.Next()
	})
	create := func() testapp.Response {
		return c.Call(c.Alice.Access, "POST", "/api/patients/", map[string]any{"name": "Anna", "age": 5})
	}
	meanwhile = func(created *core.Record) error {
		changed, err := c.App.FindRecordById("patients", created.Id)
		if err != nil {
			return err
		}
		changed.Set("notes", "changed by another clerk")
		return c.App.Save(changed)
	}
	answer := create()
	c.Want(answer, http.StatusCreated)
	var created map[string]any
	answer.Decode(c.Server, &created)
	path := fmt.Sprintf("/api/patients/%v/", created["id"])
	read := c.Call(c.Alice.Access, "GET", path, nil)
	if sameTag := answer.Header.Get("ETag") == read.Header.Get("ETag"); sameTag && answer.Body != read.Body {
		t.Errorf("the answer %s has the tag of %s", answer.Body, read.Body)
	}
	meanwhile = func(created *core.Record) error {
		gone, err := c.App.FindRecordById("patients", created.Id)
		if err != nil {
			return err
		}
		return c.App.Delete(gone)
	}
	answer = create()
	c.Want(answer, http.StatusCreated)
	if tag := answer.Header.Get("ETag"); tag != "" {
		t.Errorf("a record that is gone has the tag %s", tag)
	}
}
