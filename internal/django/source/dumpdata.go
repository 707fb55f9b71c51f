package source

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
)

// dumpdataKey is the name dumpdata gives to the primary key.
const dumpdataKey = "pk"

// dumpdataSource is a dumpdata file. It is read twice: for its structure, then for its
// rows.
type dumpdataSource struct {
	path   string
	before os.FileInfo
	tables []Table
}

func openDumpdata(ctx context.Context, path string) (Source, error) {
	s := &dumpdataSource{path: path}
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, errors.Unwrap(err))
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s: not a file", path)
	}
	s.before = info
	found := newProfile()
	if err := s.each(ctx, found.add); err != nil {
		return nil, err
	}
	s.tables = found.tables()
	if len(s.tables) == 0 {
		return nil, fmt.Errorf("%s: there are no objects in it", path)
	}
	return s, nil
}

func (s *dumpdataSource) String() string  { return "dumpdata, " + s.path }
func (s *dumpdataSource) Tables() []Table { return s.tables }
func (s *dumpdataSource) InOrder() bool   { return false }
func (s *dumpdataSource) Close() error    { return nil }

func (s *dumpdataSource) Unchanged() error {
	now, err := os.Stat(s.path)
	if err != nil || now.Size() != s.before.Size() || !now.ModTime().Equal(s.before.ModTime()) {
		return fmt.Errorf("%s was written to meanwhile: try again", s.path)
	}
	return nil
}

// object is one serialized object of a dumpdata file.
type object struct {
	Model  string                     `json:"model"`
	PK     json.RawMessage            `json:"pk"`
	Fields map[string]json.RawMessage `json:"fields"`
}

// each calls visit for the objects of the file, as a stream.
func (s *dumpdataSource) each(ctx context.Context, visit func(*object) error) error {
	file, err := os.Open(s.path)
	if err != nil {
		return err
	}
	defer file.Close()
	var content io.Reader = bufio.NewReaderSize(file, 1<<16)
	if strings.HasSuffix(s.path, ".gz") {
		unzipped, err := gzip.NewReader(content)
		if err != nil {
			return fmt.Errorf("%s: not a gzip file", s.path)
		}
		content = unzipped
	}
	content, err = utf8Content(content)
	if err != nil {
		return fmt.Errorf("%s: %w", s.path, err)
	}
	budget := &budgetReader{reader: content, left: maxObject}
	if err := decodeObjects(ctx, budget, visit); err != nil {
		var visited visitError
		if errors.As(err, &visited) {
			return visited.error
		}
		return fmt.Errorf("%s: %w", s.path, err)
	}
	return nil
}

// utf8Content skips a byte order mark. Both it and UTF-16 are what PowerShell makes of
// redirected output.
func utf8Content(content io.Reader) (io.Reader, error) {
	buffered := bufio.NewReader(content)
	begin, _ := buffered.Peek(3) // an error is returned again when the objects are read
	switch {
	case bytes.HasPrefix(begin, []byte("\xff\xfe")), bytes.HasPrefix(begin, []byte("\xfe\xff")):
		return nil, errors.New("UTF-16: it must be UTF-8, as \"manage.py dumpdata --output FILE\" writes it")
	case bytes.HasPrefix(begin, []byte("\xef\xbb\xbf")):
		_, err := buffered.Discard(len(begin))
		return buffered, err
	}
	return buffered, nil
}

// visitError wraps an error of the visit function, as opposed to one of the file.
type visitError struct{ error }

func decodeObjects(ctx context.Context, budget *budgetReader, visit func(*object) error) error {
	decoder := json.NewDecoder(budget)
	begin, err := decoder.Token()
	if err != nil {
		return jsonError(decoder, 0, err)
	}
	if begin != json.Delim('[') {
		return errors.New("not what dumpdata writes: it must be a list of objects")
	}
	for number := 1; decoder.More(); number++ {
		if err := ctx.Err(); err != nil {
			return err
		}
		budget.left = maxObject
		var found object
		if err := decoder.Decode(&found); err != nil {
			return jsonError(decoder, number, err)
		}
		if found.Model == "" || found.Fields == nil {
			return fmt.Errorf("object %d is not one of dumpdata's: it needs \"model\", \"pk\" and \"fields\"", number)
		}
		if len(found.Fields) > maxColumns {
			return fmt.Errorf("object %d (%.80s) has more than %d fields", number, found.Model, maxColumns)
		}
		if err := visit(&found); err != nil {
			return visitError{err}
		}
	}
	budget.left = maxObject
	if _, err := decoder.Token(); err != nil {
		return jsonError(decoder, 0, err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return errors.New("there is something behind the list of objects")
	}
	return nil
}

func jsonError(decoder *json.Decoder, number int, err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("it ends in the middle, after %d bytes of JSON", decoder.InputOffset())
	}
	text := strings.ReplaceAll(err.Error(), "\n", "; ")
	if number > 0 {
		return fmt.Errorf("object %d: %s", number, text)
	}
	return fmt.Errorf("not JSON: %s", text)
}

// maxObject bounds the size of one object in the file, in bytes.
const maxObject = 2 * maxValue

var errObject = fmt.Errorf("larger than %d MiB", maxObject>>20)

// budgetReader returns an error once its byte budget is used up.
type budgetReader struct {
	reader io.Reader
	left   int
}

func (b *budgetReader) Read(buffer []byte) (int, error) {
	if b.left <= 0 {
		b.left = maxObject
		return 0, errObject
	}
	count, err := b.reader.Read(buffer[:min(len(buffer), b.left)])
	b.left -= count
	return count, err
}

func (s *dumpdataSource) Read(ctx context.Context, requests []Request) error {
	byModel := map[string]Request{}
	for _, request := range requests {
		byModel[request.Table.Name] = request
	}
	return s.each(ctx, func(found *object) error {
		request, wanted := byModel[found.Model]
		if !wanted {
			return nil
		}
		values := make([]any, len(request.Columns))
		for i, column := range request.Columns {
			raw := found.Fields[column]
			if column == dumpdataKey {
				raw = found.PK
			}
			value, err := jsonValue(raw)
			if err != nil {
				return fmt.Errorf("%s %s: %s: %w", found.Model, found.PK, column, err)
			}
			values[i] = value
		}
		return request.Visit(values)
	})
}

// jsonValue converts a JSON value to a type listed for Request; arrays and objects
// stay JSON.
func jsonValue(raw json.RawMessage) (any, error) {
	switch {
	case len(raw) == 0 || bytes.Equal(raw, []byte("null")):
		return nil, nil
	case raw[0] == '"':
		var text string
		err := json.Unmarshal(raw, &text)
		return text, err
	case raw[0] == 't', raw[0] == 'f':
		return raw[0] == 't', nil
	case raw[0] == '[', raw[0] == '{':
		return string(raw), nil
	}
	if whole, err := strconv.ParseInt(string(raw), 10, 64); err == nil {
		return whole, nil
	}
	return strconv.ParseFloat(string(raw), 64)
}
