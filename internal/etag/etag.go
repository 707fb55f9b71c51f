// Package etag computes the entity tags of stored records (RFC 9110, section 8.8.3).
// A record has one tag at every door: a digest of all of its columns as they are
// stored.
package etag

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"net/http"
	"reflect"
	"strings"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/query"
)

// Of returns the tag of a record, with its quotation marks. In a transaction it is
// that of what the transaction sees. The error is sql.ErrNoRows for a record that
// does not exist.
func Of(ctx context.Context, app core.App, collection *core.Collection, id string) (string, error) {
	columns := Columns(collection)
	values, err := stored(ctx, app, collection, columns, id)
	return Digest(columns, func(column int) string { return values[column].String }), err
}

// OfRecord returns the tag of a record that was read before, and "" if the record
// has changed since: a tag must not be newer than the representation.
func OfRecord(ctx context.Context, app core.App, record *core.Record) (string, error) {
	columns := Columns(record.Collection())
	values, err := stored(ctx, app, record.Collection(), columns, record.Id)
	if err != nil {
		return "", err
	}
	for i, column := range columns {
		var text any
		if values[i].Valid {
			text = values[i].String
		}
		value, err := record.Collection().Fields.GetByName(column).PrepareValue(record, text)
		if err != nil {
			return "", err
		}
		if !reflect.DeepEqual(value, record.GetRaw(column)) {
			return "", nil
		}
	}
	return Digest(columns, func(column int) string { return values[column].String }), nil
}

// stored returns the columns of a record as texts.
func stored(ctx context.Context, app core.App, collection *core.Collection, columns []string, id string) ([]sql.NullString, error) {
	values, destinations := make([]sql.NullString, len(columns)), make([]any, len(columns))
	for i := range values {
		destinations[i] = &values[i]
	}
	text := "SELECT `" + strings.Join(columns, "`, `") + "` FROM `" + collection.Name + "` WHERE `id` = ?"
	return values, query.First(ctx, app, text, []any{id}, destinations)
}

// OfMany returns the tags of records by their ids, without those of records that
// do not exist.
func OfMany(ctx context.Context, app core.App, collection *core.Collection, ids []string) (map[string]string, error) {
	if len(ids) == 0 {
		return map[string]string{}, nil
	}
	columns := Columns(collection)
	values := make([]any, len(ids))
	for i, id := range ids {
		values[i] = id
	}
	rows, err := app.DB().Select(columns...).From(collection.Name).Where(dbx.In(core.FieldNameId, values...)).WithContext(ctx).Rows()
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	return read(rows, columns)
}

// Columns returns the columns that a record's tag is a digest of; the first is its
// id.
func Columns(collection *core.Collection) []string {
	columns := []string{core.FieldNameId}
	for _, field := range collection.Fields {
		if field.GetName() != core.FieldNameId {
			columns = append(columns, field.GetName())
		}
	}
	return columns
}

func read(rows *dbx.Rows, columns []string) (map[string]string, error) {
	tags := map[string]string{}
	values, destinations := make([]sql.NullString, len(columns)), make([]any, len(columns))
	for i := range values {
		destinations[i] = &values[i]
	}
	for rows.Next() {
		if err := rows.Scan(destinations...); err != nil {
			return nil, err
		}
		tags[values[0].String] = Digest(columns, func(column int) string { return values[column].String })
	}
	return tags, rows.Err()
}

// Digest returns the tag of a row that was read: value returns the text of one of
// the Columns, which is empty for null.
func Digest(columns []string, value func(column int) string) string {
	digested := make([]byte, 0, 512)
	// Names and values stand with their lengths, so that no two rows look alike.
	write := func(text string) {
		digested = binary.BigEndian.AppendUint64(digested, uint64(len(text)))
		digested = append(digested, text...)
	}
	for i, column := range columns {
		write(column)
		write(value(i))
	}
	sum := sha256.Sum256(digested)
	return `"` + base64.RawURLEncoding.EncodeToString(sum[:18]) + `"`
}

// IsAsked reports whether a request has the header If-Match.
func IsAsked(request *http.Request) bool { return len(request.Header.Values("If-Match")) > 0 }

// ErrFailed means that the record is not the one that If-Match names.
var ErrFailed = errors.New("the record has changed")

// Check returns ErrFailed if a request's If-Match names other tags than a record's.
// Weak tags match nothing, and a request without the header matches everything.
func Check(request *http.Request, tag string) error {
	if !IsAsked(request) {
		return nil
	}
	for _, header := range request.Header.Values("If-Match") {
		for _, asked := range strings.Split(header, ",") {
			if asked = strings.TrimSpace(asked); asked == "*" || asked == tag {
				return nil
			}
		}
	}
	return ErrFailed
}
