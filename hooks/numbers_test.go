package hooks_test

import (
	"net/http"
	"slices"
	"strconv"
	"sync"
	"testing"

	"carebase/internal/collections"
	"carebase/internal/testing/testapp"
	"carebase/internal/testing/testpostgres"
)

// create creates a patient through the record API and returns the response.
func createNatively(c testapp.Clinic, token string, values map[string]any) testapp.Response {
	c.Helper()
	body := map[string]any{"name": "Anna", "age": 3, "created_by": c.Alice.ID}
	for name, value := range values {
		body[name] = value
	}
	return c.Call(token, "POST", testapp.Records("patients"), body)
}

// created returns the number that a record was given.
func created(c testapp.Clinic, response testapp.Response) int64 {
	c.Helper()
	var record struct{ ID string }
	response.Decode(c.Server, &record)
	number, err := strconv.ParseInt(record.ID, 10, 64)
	if err != nil || response.Status != http.StatusOK {
		c.Fatalf("got %d %s", response.Status, response.Body)
	}
	return number
}

func TestNumbersAreNeverGivenAgain(t *testing.T) {
	c := testapp.NewClinic(t)
	for _, record := range []struct{ got, want string }{
		{c.Alice.ID, "1"}, {c.Bob.ID, "2"}, {c.Carol.ID, "3"}, {c.DoctorID, "1"},
		{c.AlicePatient, "1"}, {c.BobPatient, "2"}, {c.AliceMapping, "1"}, {c.BobMapping, "2"},
	} {
		if record.got != record.want {
			t.Errorf("got the id %s, want %s", record.got, record.want)
		}
	}
	c.Must(http.StatusNoContent, c.Bob.Access, "DELETE", "/api/patients/"+c.BobPatient+"/", nil)
	if next := c.Patient(c.Bob, "Berta"); next != "3" {
		t.Errorf("after the newest was deleted, the next is %s", next)
	}
	testapp.Restart(t, c.App, testapp.Default())
	if next := c.Patient(c.Bob, "Bernd"); next != "4" {
		t.Errorf("after a restart, the next is %s", next)
	}
}

func TestRefusedRecordsTakeNoNumber(t *testing.T) {
	testpostgres.ChooseSQLite(t) // the numbers of a sequence have gaps, as in Django
	c := testapp.NewClinic(t)
	c.Want(createNatively(c, c.Alice.Access, map[string]any{"age": -1}), http.StatusBadRequest)
	c.Want(c.Call(c.Alice.Access, "POST", "/api/batch", map[string]any{"requests": []any{
		map[string]any{"method": "POST", "url": testapp.Records("patients"), "body": map[string]any{"name": "Anna", "age": 3}},
		map[string]any{"method": "POST", "url": testapp.Records("patients"), "body": map[string]any{"name": "Berta", "age": -3}},
	}}), http.StatusBadRequest)
	if next := created(c, createNatively(c, c.Alice.Access, nil)); next != 3 {
		t.Errorf("got %d, want 3", next)
	}
}

func TestSuperusersChooseNumbers(t *testing.T) {
	c := testapp.NewClinic(t)
	for _, refused := range []string{"0", "007", "-1", "+1", "1.0", "abc", "9223372036854775808", "000000000000007", "ABCDEFGHIJKLMNO"} {
		c.Want(createNatively(c, c.SuperuserToken, map[string]any{"id": refused}), http.StatusBadRequest)
	}
	for _, step := range []struct{ chosen, next int64 }{{3, 4}, {12, 13}, {5_000, 5_001}, {2_000, 5_002}, {3_000_000_017, 3_000_000_018}} {
		given := strconv.FormatInt(step.chosen, 10)
		if got := created(c, createNatively(c, c.SuperuserToken, map[string]any{"id": given})); got != step.chosen {
			t.Errorf("got %d, want %d", got, step.chosen)
		}
		if next := created(c, createNatively(c, c.Alice.Access, nil)); next != step.next {
			t.Errorf("after %d comes %d, want %d", step.chosen, next, step.next)
		}
	}
	c.Want(createNatively(c, c.SuperuserToken, map[string]any{"id": "k3v9x0q2m7n1p5s"}), http.StatusOK) // from before ids were numbers
	upsert := map[string]any{"id": "3000000100", "name": "Anna", "age": 3, "created_by": c.Alice.ID}
	for range 2 {
		c.Want(c.Batch(c.SuperuserToken, "PUT", testapp.Records("patients"), upsert), http.StatusOK)
	}
	if next := created(c, createNatively(c, c.Alice.Access, nil)); next != 3_000_000_101 {
		t.Errorf("after an upsert comes %d", next)
	}
}

func TestNumbersOfManyAtOnce(t *testing.T) {
	c := testapp.SharedClinic(t)
	const each, callers = 10, 8
	numbers := make(chan int64, each*callers)
	var waiting sync.WaitGroup
	for range callers {
		waiting.Go(func() {
			for range each {
				response := createNatively(c, c.Alice.Access, nil)
				if response.Status != http.StatusOK {
					t.Errorf("got %d %s", response.Status, response.Body)
					return
				}
				numbers <- created(c, response)
			}
		})
	}
	waiting.Wait()
	close(numbers)
	var all []int64
	for number := range numbers {
		all = append(all, number)
	}
	slices.Sort(all)
	if len(all) != each*callers || len(slices.Compact(all)) != each*callers {
		t.Errorf("got %v", all)
	}
}

func TestNumbersInQueriesOfTheRecordAPI(t *testing.T) {
	c := testapp.NewClinic(t)
	for range 10 {
		c.Patient(c.Alice, "Another")
	}
	doctor := c.Doctor(c.Alice, "Wilson")
	mapping, ofNine := c.Mapping(c.Alice, "11", doctor), c.Mapping(c.Alice, "9", doctor)
	for _, test := range []struct {
		collection, filter, sort string
		want                     []string
	}{
		{collections.Patients, "id=1", "", []string{"1"}},
		{collections.Patients, "id='1'", "", []string{"1"}},
		{collections.Patients, "1 = id", "", []string{"1"}},
		{collections.Patients, "id ?= 11", "", []string{"11"}},
		{collections.Patients, "id=1.5", "", nil},
		{collections.Patients, "id!=1 && id!=3 && id!=4 && id!=5 && id!=6 && id!=7 && id!=8 && id!=9", "id", []string{"10", "11", "12"}},
		{collections.Patients, "created_by=1 && (id=11 || id=9)", "id", []string{"9", "11"}},
		{collections.Patients, "created_by=2", "", nil},
		{collections.Patients, "id=9 || id=10 || id=1", "-id", []string{"10", "9", "1"}},
		{collections.Mappings, "patient.id=11", "", []string{mapping}},
		{collections.Mappings, "patient=11 && doctor=2", "", []string{mapping}},
		{collections.Mappings, "patient.created_by=1", "-patient", []string{mapping, ofNine, c.AliceMapping}},
		{collections.Mappings, "id>''", "patient.id", []string{c.AliceMapping, ofNine, mapping}},
	} {
		got := c.IDs(c.Alice.Access, testapp.Records(test.collection, "filter", test.filter, "sort", test.sort))
		if !slices.Equal(got, test.want) && len(got)+len(test.want) > 0 {
			t.Errorf("%s, %s by %q: got %v, want %v", test.collection, test.filter, test.sort, got, test.want)
		}
	}
	subscriber := c.Connect()
	c.Want(subscriber.Subscribe(c.Alice.Access, `patients/*?options={"query":{"filter":"id=9"}}`, "mappings/*"), http.StatusNoContent)
	for _, patient := range []string{"8", "9"} {
		c.Must(http.StatusOK, c.Alice.Access, "PATCH", "/api/patients/"+patient+"/", map[string]any{"age": 5})
	}
	if event := subscriber.Next(); !event.Is("update", "9") {
		t.Errorf("got %+v", event)
	}
}
