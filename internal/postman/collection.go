package postman

import "carebase/internal/rest"

// schemaURL identifies version 2.1 of the format.
const schemaURL = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"

// Collection is the part of a Postman collection that Carebase uses.
type Collection struct {
	Info      info       `json:"info"`
	Auth      *auth      `json:"auth"`
	Variables []variable `json:"variable"`
	Folders   []folder   `json:"item"`
}

type info struct {
	Name        string `json:"name"`
	Description string `json:"description"`
	Schema      string `json:"schema"`
}

// auth is how requests authenticate.
type auth struct {
	Type   string     `json:"type"`
	Bearer []variable `json:"bearer,omitempty"`
}

type variable struct {
	Key         string `json:"key"`
	Value       string `json:"value"`
	Type        string `json:"type,omitempty"`
	Description string `json:"description,omitempty"`
	Disabled    bool   `json:"disabled,omitempty"`
}

type folder struct {
	Name        string `json:"name"`
	Description string `json:"description"`
	Items       []item `json:"item"`
}

// item is a request with the scripts that run before and after it.
type item struct {
	Name    string    `json:"name"`
	Events  []event   `json:"event"`
	Request request   `json:"request"`
	Answers []request `json:"response"`
}

type event struct {
	Listen string `json:"listen"`
	Script script `json:"script"`
}

type script struct {
	Type  string   `json:"type"`
	Lines []string `json:"exec"`
}

type request struct {
	Method      string     `json:"method"`
	Description string     `json:"description"`
	Auth        *auth      `json:"auth,omitempty"`
	Header      []variable `json:"header"`
	Body        *body      `json:"body,omitempty"`
	URL         address    `json:"url"`
}

type body struct {
	Mode    string           `json:"mode"`
	Raw     string           `json:"raw"`
	Options rest.Object[any] `json:"options"`
}

type address struct {
	Raw       string     `json:"raw"`
	Host      []string   `json:"host"`
	Path      []string   `json:"path"`
	Query     []variable `json:"query,omitempty"`
	Variables []variable `json:"variable,omitempty"`
}
