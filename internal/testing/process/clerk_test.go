package process

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pocketbase/dbx"

	"carebase/internal/testing/testapp"
)

// clerk writes one thing after the other, at the documented API and at the record
// API, and keeps books of it: what must be stored, and the one change of which
// nobody knows whether it is.
type clerk struct {
	number int
	user   testapp.User
	random *rand.Rand
	// rows are what was acknowledged, by key; rows that are deleted again stay, for
	// their events.
	rows  map[string]*row
	doubt *change
	made  int
	// mayBeRefused is while the database fails: a relation that could not be looked
	// up may be taken for a missing one if the database is back a moment later.
	mayBeRefused bool
}

// row is a patient, a doctor or a mapping. The name of a mapping are the ids of
// both of its ends.
type row struct {
	collection, id, name string
	// events are the actions of the audit trail, in their order.
	events  string
	deleted bool
}

// key identifies a row: each collection numbers its own.
func (r *row) key() string { return key(r.collection, r.id) }

func key(collection, id string) string { return collection + "/" + id }

// goesWith reports whether a row is an end of a mapping, which is deleted with it.
func (r *row) goesWith(mapping *row) bool {
	patient, doctor, _ := strings.Cut(mapping.name, " ")
	return map[string]string{"patients": patient, "doctors": doctor}[r.collection] == r.id
}

// change is what a clerk asks for: to create (C), update (U) or delete (D).
type change struct {
	action string
	row    *row
	name   string // afterwards
}

// office is all clerks.
type office struct {
	clerks       []*clerk
	acknowledged atomic.Int64
}

// newOffice has clerks work for some users.
func newOffice(server *testapp.Server, clerks int, seed uint64) *office {
	server.Helper()
	var users [4]testapp.User
	for i := range users {
		users[i] = server.SignUp(fmt.Sprintf("user%d", i))
	}
	office := &office{}
	for i := range clerks {
		office.clerks = append(office.clerks, &clerk{
			number: i, user: users[i%len(users)], random: rand.New(rand.NewPCG(seed, uint64(i))), rows: map[string]*row{},
		})
	}
	return office
}

// work has all clerks write to servers, each to one after the other, until they
// are told to stop. What a server does not answer leaves a doubt, and the clerk
// with it: only resolve lets that one go on.
func (o *office) work(t *testing.T, stop <-chan struct{}, origins ...string) (wait func()) {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: len(o.clerks)}, Timeout: 30 * time.Second}
	var working sync.WaitGroup
	for _, clerk := range o.clerks {
		working.Go(func() {
			for clerk.doubt == nil {
				select {
				case <-stop:
					return
				default:
				}
				origin := origins[clerk.made%len(origins)]
				if err := clerk.write(client, origin, clerk.choose()); err != nil {
					t.Error(err)
					return
				}
				if clerk.doubt == nil {
					o.acknowledged.Add(1)
				}
			}
		})
	}
	return func() { working.Wait(); client.CloseIdleConnections() }
}

// living are a clerk's rows in a collection.
func (c *clerk) living(collection string) []*row {
	var living []*row
	for _, key := range slices.Sorted(maps.Keys(c.rows)) {
		if row := c.rows[key]; row.collection == collection && !row.deleted {
			living = append(living, row)
		}
	}
	return living
}

// choose is the next change, at random.
func (c *clerk) choose() change {
	c.made++
	name := fmt.Sprintf("Number %d of clerk %d", c.made, c.number)
	patients, doctors, mappings := c.living("patients"), c.living("doctors"), c.living("mappings")
	one := func(rows []*row) *row { return rows[c.random.IntN(len(rows))] }
	switch dice := c.random.IntN(10); {
	case len(patients) == 0 || dice < 3:
		return change{"C", &row{collection: "patients"}, name}
	case len(doctors) == 0 || dice < 4:
		return change{"C", &row{collection: "doctors"}, name}
	case dice < 6:
		pair := one(patients).id + " " + one(doctors).id
		if !slices.ContainsFunc(mappings, func(known *row) bool { return known.name == pair }) {
			return change{"C", &row{collection: "mappings"}, pair}
		}
	case dice < 7:
		return change{"D", one(slices.Concat(mappings, patients, doctors)), ""}
	case dice < 8:
		return change{"D", one(patients), ""}
	}
	return change{"U", one(slices.Concat(patients, doctors)), name}
}

// write asks a server for a change, through one of its doors. It returns what must
// not be: a refusal, or a failure that is not told in JSON.
func (c *clerk) write(client *http.Client, origin string, change change) error {
	method := map[string]string{"C": http.MethodPost, "U": http.MethodPatch, "D": http.MethodDelete}[change.action]
	documented := c.random.IntN(2) == 0
	path := "/api/collections/" + change.row.collection + "/records"
	if documented {
		path = "/api/" + change.row.collection + "/"
	}
	switch {
	case change.action == "C":
	case documented && change.row.collection == "mappings":
		path += "detail/" + change.row.id + "/"
	case documented:
		path += change.row.id + "/"
	default:
		path += "/" + change.row.id
	}
	body := map[string]any{"name": change.name}
	if patient, doctor, ok := strings.Cut(change.name, " "); ok && change.row.collection == "mappings" {
		body = map[string]any{"patient": patient, "doctor": doctor}
	} else if change.row.collection == "patients" {
		body["age"], body["notes"] = 34, "Diabetic"
	} else {
		body["speciality"] = "Nephrology"
	}
	encoded, err := json.Marshal(body)
	if err != nil {
		return err
	}
	request, err := http.NewRequest(method, origin+path, strings.NewReader(string(encoded)))
	if err != nil {
		return err
	}
	request.Header.Set("Authorization", "Bearer "+c.user.Access)
	request.Header.Set("Content-Type", "application/json")
	c.doubt = &change
	response, err := client.Do(request)
	if err != nil {
		return nil
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	if err != nil {
		return nil
	}
	answer := map[string]any{}
	if response.StatusCode != http.StatusNoContent {
		if err := json.Unmarshal(content, &answer); err != nil {
			return fmt.Errorf("%s %s: %d without JSON: %s", method, path, response.StatusCode, content)
		}
	}
	switch {
	case response.StatusCode >= 500, c.mayBeRefused && response.StatusCode == http.StatusBadRequest:
		return nil
	case response.StatusCode >= 300:
		return fmt.Errorf("%s %s %s: got %d %s", method, path, encoded, response.StatusCode, content)
	}
	c.keep(testapp.ID(answer["id"]))
	return nil
}

// keep enters the change in doubt in the books. Mappings go with either end.
func (c *clerk) keep(id string) {
	change := c.doubt
	c.doubt = nil
	changed := change.row
	changed.events += change.action
	switch change.action {
	case "C":
		changed.id, changed.name = id, change.name
		c.rows[changed.key()] = changed
	case "U":
		changed.name = change.name
	case "D":
		changed.deleted = true
		for _, mapping := range c.living("mappings") {
			if changed.goesWith(mapping) {
				mapping.deleted = true
				mapping.events += "D"
			}
		}
	}
}

// resolve enters what is in doubt into the books if it is stored.
func (c *clerk) resolve(found map[string]*row) {
	if c.doubt == nil {
		return
	}
	switch stored := found[c.doubt.row.key()]; c.doubt.action {
	case "C":
		for key, row := range found {
			if row.collection == c.doubt.row.collection && row.name == c.doubt.name && c.rows[key] == nil {
				c.keep(row.id)
				return
			}
		}
	case "U":
		if stored != nil && stored.name == c.doubt.name {
			c.keep(c.doubt.row.id)
		}
	case "D":
		if stored == nil {
			c.keep(c.doubt.row.id)
		}
	}
	c.doubt = nil
}

// check compares the books with what is stored: each row that was acknowledged,
// no other, and for each its events. What was in doubt is there with its event, or
// neither is. Others are the keys of what others have made.
func (o *office) check(t *testing.T, storage storage, others ...string) {
	t.Helper()
	stored, events := map[string]*row{}, map[string]string{}
	storage.use(t, func(database *dbx.DB) error {
		var err error
		if stored, err = storedRows(database); err != nil {
			return err
		}
		events, err = storedEvents(database)
		return err
	})
	for _, key := range others {
		delete(stored, key)
		delete(events, key)
	}
	var wrong []string
	for _, clerk := range o.clerks {
		clerk.resolve(stored)
		for key, row := range clerk.rows {
			found := stored[key]
			delete(stored, key)
			if (found == nil) != row.deleted || found != nil && (found.collection != row.collection || found.name != row.name) {
				wrong = append(wrong, fmt.Sprintf("clerk %d: got %+v, want %+v", clerk.number, found, row))
			}
			if events[key] != row.events {
				wrong = append(wrong, fmt.Sprintf("%s, %s: got the events %s, want %s", key, row.name, events[key], row.events))
			}
			delete(events, key)
		}
	}
	for key, row := range stored {
		wrong = append(wrong, fmt.Sprintf("nobody made %s of %+v", key, row))
	}
	for key, actions := range events {
		wrong = append(wrong, fmt.Sprintf("nobody did %s to %s", actions, key))
	}
	if len(wrong) > 0 {
		t.Fatalf("%d differences:\n%s", len(wrong), strings.Join(wrong[:min(10, len(wrong))], "\n"))
	}
}

func storedRows(database *dbx.DB) (map[string]*row, error) {
	rows := map[string]*row{}
	for collection, name := range map[string]string{"patients": "name", "doctors": "name", "mappings": "patient || ' ' || doctor"} {
		var found []struct{ ID, Name string }
		if err := database.NewQuery("SELECT id, " + name + " AS name FROM " + collection).All(&found); err != nil {
			return nil, err
		}
		for _, each := range found {
			rows[key(collection, each.ID)] = &row{collection: collection, id: each.ID, name: each.Name}
		}
	}
	return rows, nil
}

// storedEvents are the actions on each record of the clinic, in their order.
func storedEvents(database *dbx.DB) (map[string]string, error) {
	var texts []string
	if err := database.NewQuery("SELECT event FROM audit_log ORDER BY id").Column(&texts); err != nil {
		return nil, err
	}
	events := map[string]string{}
	for _, text := range texts {
		var event struct{ Action, Outcome, Collection, Records string }
		if err := json.Unmarshal([]byte(text), &event); err != nil {
			return nil, err
		}
		isClinical := slices.Contains([]string{"patients", "doctors", "mappings"}, event.Collection)
		if isClinical && event.Outcome == "success" && strings.Contains("CUD", event.Action) {
			for id := range strings.FieldsSeq(event.Records) {
				events[key(event.Collection, id)] += event.Action
			}
		}
	}
	return events, nil
}
