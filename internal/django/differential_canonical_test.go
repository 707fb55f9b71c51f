package django_test

import (
	"bytes"
	"encoding/json"
	"regexp"
	"strings"
)

var (
	timeText    = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$`)
	tokenText   = regexp.MustCompile(`^eyJ[^.]*\.[^.]*\.[^.]*$`)
	invalidPK   = regexp.MustCompile(`^Invalid pk "([^"]*)" - object`)
	kindsOfKeys = map[string]string{"created_by": "user", "patient": "patient", "doctor": "doctor"}
)

// canonical rewrites JSON: ids, times and tokens become placeholders, white space goes,
// and the order of keys stays.
type canonical struct {
	names   map[string]string
	kind    string
	options bool
	decoder *json.Decoder
	out     bytes.Buffer
	// described is whether OPTIONS describes request headers, which are left out.
	described bool
}

// rewrite returns the JSON of a response or of the corpus in canonical form.
func (c *canonical) rewrite(raw []byte) string {
	c.decoder = json.NewDecoder(bytes.NewReader(raw))
	c.decoder.UseNumber()
	if err := c.value("", 0); err != nil {
		return "invalid: " + err.Error()
	}
	return c.out.String()
}

func (c *canonical) value(key string, depth int) error {
	token, err := c.decoder.Token()
	if err != nil {
		return err
	}
	switch v := token.(type) {
	case json.Delim:
		return c.container(v, key, depth)
	case json.Number:
		return c.write(c.named(key, v.String(), v))
	case string:
		return c.write(c.text(key, v, depth))
	}
	return c.write(token)
}

func (c *canonical) container(open json.Delim, key string, depth int) error {
	c.out.WriteString(open.String())
	for first := true; c.decoder.More(); first = false {
		if open == '{' {
			token, err := c.decoder.Token()
			if err != nil {
				return err
			}
			key = token.(string)
			if c.options && depth == 0 && key == "headers" {
				c.described = true
				if err := c.decoder.Decode(new(any)); err != nil {
					return err
				}
				continue
			}
		}
		if !first {
			c.out.WriteByte(',')
		}
		if open == '{' {
			if err := c.write(key); err != nil {
				return err
			}
			c.out.WriteByte(':')
		}
		if err := c.value(key, depth+1); err != nil {
			return err
		}
	}
	end, err := c.decoder.Token()
	if err == nil {
		c.out.WriteString(end.(json.Delim).String())
	}
	return err
}

// text returns the canonical form of a string.
func (c *canonical) text(key, text string, depth int) any {
	if id := invalidPK.FindStringSubmatch(text); id != nil {
		if name, found := c.names[kindsOfKeys[key]+" "+id[1]]; found {
			return strings.Replace(text, id[1], "<"+name+">", 1)
		}
	}
	switch {
	case timeText.MatchString(text):
		return "<time>"
	case tokenText.MatchString(text):
		return "<jwt>"
	case strings.HasPrefix(text, "Multipart form parse error - "):
		return "Multipart form parse error - …"
	case c.options && depth == 1 && (key == "name" || key == "description"):
		return "…"
	}
	return c.named(key, text, text)
}

// named returns the placeholder of an id, or the value if it is none.
func (c *canonical) named(key, id string, value any) any {
	kind := kindsOfKeys[key]
	if key == "id" {
		kind = c.kind
	}
	if name, found := c.names[kind+" "+id]; found {
		return "<" + name + ">"
	}
	return value
}

func (c *canonical) write(value any) error {
	encoded, err := json.Marshal(value)
	if err == nil {
		c.out.Write(encoded)
	}
	return err
}
