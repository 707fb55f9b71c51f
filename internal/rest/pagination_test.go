package rest

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/pocketbase/pocketbase/core"
)

func requestTo(target string) *Request {
	e := &core.RequestEvent{}
	e.Request, e.Response = httptest.NewRequest(http.MethodGet, target, nil), httptest.NewRecorder()
	return &Request{RequestEvent: e, View: &View{}, accepted: defaultAccepted}
}

func TestPage(t *testing.T) {
	for _, test := range []struct {
		query         string
		count         int64
		limit, offset int64
		refused       bool
	}{
		{query: "", count: 0, limit: 100},
		{query: "page=1", count: 0, limit: 100},
		{query: "page=last", count: 0, limit: 100},
		{query: "page=2", count: 100, refused: true},
		{query: "page=2", count: 101, limit: 100, offset: 100},
		{query: "page=last", count: 1000, limit: 100, offset: 900},
		{query: "page=%202%20", count: 300, limit: 100, offset: 100},
		{query: "page=%2B2", count: 300, limit: 100, offset: 100},
		{query: "page=1&page=3", count: 300, limit: 100, offset: 200},
		{query: "page=", count: 300, limit: 100},
		{query: "page=0", count: 300, refused: true},
		{query: "page=-1", count: 300, refused: true},
		{query: "page=x", count: 300, refused: true},
		{query: "page=1.0", count: 300, refused: true},
		{query: "page=99999999999999999999", count: 300, refused: true},
		{query: "page=9223372036854775807", count: 300, refused: true},
		{query: "page_size=10&page=3", count: 300, limit: 10, offset: 20},
		{query: "page_size=0", count: 300, limit: 100},
		{query: "page_size=-5", count: 300, limit: 100},
		{query: "page_size=x", count: 300, limit: 100},
		{query: "page_size=1_0", count: 300, limit: 10},
		{query: "page_size=501", count: 300, limit: 500},
		{query: "page_size=99999999999999999999", count: 300, limit: 500},
	} {
		page, err := requestTo("/?" + test.query).Page(test.count)
		if test.refused {
			var answer *Error
			if !errors.As(err, &answer) || answer.Error() != `{"detail":"Invalid page."}` || answer.Status != 404 {
				t.Errorf("%s: got %v", test.query, err)
			}
			continue
		}
		if err != nil || page.Limit != test.limit || page.Offset != test.offset {
			t.Errorf("%s: got %+v, %v, want limit %d, offset %d", test.query, page, err, test.limit, test.offset)
		}
	}
}

func TestPageLinks(t *testing.T) {
	for _, test := range []struct {
		query          string
		next, previous any
	}{
		{"page_size=10", "http://example.com/a%20b/?page=2&page_size=10", nil},
		{"page_size=10&page=2", "http://example.com/a%20b/?page=3&page_size=10", "http://example.com/a%20b/?page_size=10"},
		{"page_size=10&page=3", nil, "http://example.com/a%20b/?page=2&page_size=10"},
		{"search=a;b+c%zz&page_size=10&page=last", nil, "http://example.com/a%20b/?page=2&page_size=10&search=a%3Bb+c%25zz"},
	} {
		r := requestTo("/a%20b/?" + test.query)
		page, err := r.Page(30)
		if err != nil {
			t.Fatal(err)
		}
		if err := r.RespondPage(page, func(func(any, error) bool) {}); err != nil {
			t.Fatal(err)
		}
		var got map[string]any
		if err := json.Unmarshal(r.Response.(*httptest.ResponseRecorder).Body.Bytes(), &got); err != nil {
			t.Fatal(err)
		}
		if got["next"] != test.next || got["previous"] != test.previous || got["count"] != 30.0 || len(got["results"].([]any)) != 0 {
			t.Errorf("%s: got %v", test.query, got)
		}
	}
}
