package collections_test

import (
	"testing"

	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/types"

	"carebase/internal/collections"
	"carebase/internal/testing/testapp"
)

func TestMain(m *testing.M) { testapp.Main(m) }

// TestReadersAreThoseOfTheRule compares whom a rule that is read admits with whom PocketBase
// admits by it.
func TestReadersAreThoseOfTheRule(t *testing.T) {
	s := testapp.New(t)
	users, staff := found(t, s, "users"), core.NewAuthCollection("staff")
	save(t, s, staff)
	tasks := core.NewBaseCollection("tasks")
	tasks.Fields.Add(
		&core.TextField{Name: "code"}, &core.NumberField{Name: "number"}, &core.JSONField{Name: "data"},
		&core.RelationField{Name: "owner", CollectionId: users.Id}, &core.RelationField{Name: "nurse", CollectionId: staff.Id},
		&core.RelationField{Name: "team", CollectionId: users.Id, MaxSelect: 3},
	)
	save(t, s, tasks)
	ann := s.SignUp("ann")
	account, err := s.App.FindRecordById("users", ann.ID)
	if err != nil {
		t.Fatal(err)
	}
	nurse := record(staff, map[string]any{"email": "nurse@example.com", "password": testapp.Password})
	if err := s.App.Save(nurse); err != nil {
		t.Fatal(err)
	}
	accounts := []*core.Record{nil, account, nurse}
	records := []*core.Record{
		record(tasks, nil), record(tasks, map[string]any{"owner": ann.ID, "code": nurse.Id, "team": []string{ann.ID}}),
		record(tasks, map[string]any{"nurse": nurse.Id, "code": ann.ID, "data": ann.ID, "number": 1}),
	}
	for _, each := range records {
		if err := s.App.Save(each); err != nil {
			t.Fatal(err)
		}
	}
	for rule, isKnown := range rules {
		readers, known := collections.ReadersBy(tasks, types.Pointer(rule))
		if known != isKnown {
			t.Errorf("%s: got %+v, %v", rule, readers, known)
		}
		if !known {
			continue
		}
		for _, who := range accounts {
			for i, each := range records {
				want, err := s.App.CanAccessRecord(each, &core.RequestInfo{Auth: who}, types.Pointer(rule))
				if err != nil {
					t.Fatal(rule, err)
				}
				if got := readers.Admit(who, each); got != want {
					t.Errorf("%s admits %v to record %d: got %v", rule, who, i, got)
				}
			}
		}
	}
	if readers, known := collections.ReadersBy(tasks, nil); !known || readers.Admit(account, records[1]) {
		t.Errorf("no rule: got %+v, %v", readers, known)
	}
}

// rules are those whose readers are known, and those that have to be asked.
var rules = map[string]bool{
	`@request.auth.id != ""`:                             true,
	`  ( @request.auth.id!='' ) // anybody`:              true,
	`owner = @request.auth.id`:                           true,
	`@request.auth.id = owner`:                           true,
	`id = @request.auth.id`:                              true,
	`code = @request.auth.id`:                            true,
	`nurse=@request.auth.id`:                             true,
	`@request.auth.id != "" && owner = @request.auth.id`: true,
	`(@request.auth.collectionName = 'staff' && @request.auth.id != "") && (nurse = @request.auth.id)`: true,
	`@request.auth.collectionName = "users"`:                                                           true,
	`'staff' = @request.auth.collectionName`:                                                           false,
	`@request.auth.collectionName = "users" && @request.auth.collectionName = "staff"`:                 false,
	`@request.auth.collectionName = ""`:                                                                false,
	`@request.auth.collectionName != "users"`:                                                          false,
	`@request.auth.id = ""`:                                                                            false,
	`@request.auth.id != "x"`:                                                                          false,
	`owner != @request.auth.id`:                                                                        false,
	`owner ?= @request.auth.id`:                                                                        false,
	`owner = @request.auth.id || nurse = @request.auth.id`:                                             false,
	`owner = @request.auth.id && nurse = @request.auth.id`:                                             false,
	`@request.auth.id != "" && (owner = @request.auth.id || code != "")`:                               false,
	`team = @request.auth.id`:                                                                          false,
	`number = @request.auth.id`:                                                                        false,
	`data = @request.auth.id`:                                                                          false,
	`owner.id = @request.auth.id`:                                                                      false,
	`owner:lower = @request.auth.id`:                                                                   false,
	`"owner" = @request.auth.id`:                                                                       false,
	`@request.auth.id = @request.auth.id`:                                                              false,
	`@request.query.x = @request.auth.id`:                                                              false,
	`missing = @request.auth.id`:                                                                       false,
	`number = 1`:                                                                                       false,
	`owner = `:                                                                                         false,
	``:                                                                                                 false,
}

func record(collection *core.Collection, fields map[string]any) *core.Record {
	made := core.NewRecord(collection)
	made.Load(fields)
	return made
}

func found(t *testing.T, s *testapp.Server, name string) *core.Collection {
	t.Helper()
	collection, err := s.App.FindCollectionByNameOrId(name)
	if err != nil {
		t.Fatal(err)
	}
	return collection
}

func save(t *testing.T, s *testapp.Server, collection *core.Collection) {
	t.Helper()
	if err := s.App.Save(collection); err != nil {
		t.Fatal(err)
	}
}
