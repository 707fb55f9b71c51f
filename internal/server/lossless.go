package server

import (
	"bytes"
	"errors"
	"io"
	"math/big"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/endpoint"
)

// writes are the endpoints whose bodies become records.
var writes = []string{endpoint.Batch, endpoint.CreateRecord, endpoint.UpdateRecord}

// requireLossless refuses bodies of records that PocketBase would store as
// something else: its decoder rounds integers beyond 2^53, replaces halves of
// surrogate pairs, and takes the last of two equal keys.
func requireLossless(e *core.RequestEvent) error {
	if !slices.Contains(writes, endpoint.Of(e.Request)) {
		return e.Next()
	}
	documents, err := jsonOf(e)
	if err != nil {
		return unreadable(e, err)
	}
	for _, document := range documents {
		if err := checkLossless(document); err != nil {
			return err
		}
	}
	if err := requireSingle(e); err != nil {
		return err
	}
	return e.Next()
}

// jsonOf returns the JSON of a body: all of it, or the texts of a form that are
// objects or lists.
func jsonOf(e *core.RequestEvent) ([]io.Reader, error) {
	contentType := e.Request.Header.Get("Content-Type")
	switch {
	case strings.HasPrefix(contentType, "application/json"):
		content, err := io.ReadAll(e.Request.Body)
		return []io.Reader{bytes.NewReader(content)}, err
	}
	if _, err := e.RequestInfo(); err != nil {
		return nil, err
	}
	var documents []io.Reader
	for _, texts := range formOf(e) {
		for _, text := range texts {
			if isStructure(text) {
				documents = append(documents, strings.NewReader(text))
			}
		}
	}
	return documents, nil
}

// isStructure reports whether a text may be a JSON object or list.
func isStructure(text string) bool {
	text = strings.TrimSpace(text)
	return strings.HasPrefix(text, "{") || strings.HasPrefix(text, "[")
}

// checkLossless returns the 400 of a document that would be altered. One that is
// no JSON is left to its own reader.
func checkLossless(document io.Reader) error {
	decoder := jsontext.NewDecoder(document)
	for {
		token, err := decoder.ReadToken()
		var syntax *jsontext.SyntacticError
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case errors.Is(err, jsontext.ErrDuplicateName):
			return altered(decoder, "validation_duplicate_key", "The same key twice: only one of the values could be stored.")
		case errors.As(err, &syntax) && isSurrogate(syntax):
			return altered(decoder, "validation_lone_surrogate", "Half of a surrogate pair is no character and cannot be stored.")
		case err != nil:
			return nil
		}
		if token.Kind() == '0' && !isExact(token.String()) {
			return altered(decoder, "validation_inexact_number", "Integers beyond 2^53 cannot be stored exactly. Send them as text.")
		}
	}
}

// isSurrogate reports whether the decoder's error is about an unpaired surrogate.
func isSurrogate(syntax *jsontext.SyntacticError) bool {
	return strings.Contains(syntax.Err.Error(), "surrogate") || strings.Contains(syntax.Err.Error(), "UTF-8")
}

// exact is the greatest integer up to which all integers have a float64.
var exact = new(big.Int).Lsh(big.NewInt(1), 53)

// isExact reports whether a float64 holds a number as it is written.
func isExact(number string) bool {
	integer, ok := new(big.Int).SetString(number, 10)
	return !ok || integer.CmpAbs(exact) <= 0
}

// altered returns a 400 that names the key at the decoder's position.
func altered(decoder *jsontext.Decoder, code, message string) error {
	key := "body"
	for part := range decoder.StackPointer().Tokens() {
		key = part
	}
	return wouldAlter(key, code, message)
}
