// Command floor answers the requests that the benchmarks compare with as little
// code as possible: net/http, a router by hand, one JWT check, one look-up of the
// user and prepared statements, on a copy of Carebase's SQLite database. It has no
// audit trail, logs, limits or hooks, and is no example of a server.
package main

import (
	"crypto/rand"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
	_ "modernc.org/sqlite" // the driver
)

func main() {
	if err := serve(filepath.Join(os.Getenv("DATA_DIR"), "data.db")); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func serve(file string) error {
	floor, err := open(file)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Printf("Console http://%s/\n", listener.Addr())
	return http.Serve(listener, floor)
}

// floor is the server.
type floor struct {
	secret                   string
	user, list, view, insert *sql.Stmt
}

// options are those of Carebase's connections.
const options = "?_txlock=immediate&_pragma=busy_timeout(10000)&_pragma=journal_mode(WAL)&_pragma=foreign_keys(ON)" +
	"&_pragma=cache_size(-2000)&_pragma=synchronous(FULL)"

const columns = "id, created_by, created_at, name, age, notes"

func open(file string) (*floor, error) {
	readers, err := sql.Open("sqlite", file+options)
	if err != nil {
		return nil, err
	}
	readers.SetMaxIdleConns(16)
	writer, err := sql.Open("sqlite", file+options)
	if err != nil {
		return nil, err
	}
	writer.SetMaxOpenConns(1)
	f := &floor{}
	if err := readers.QueryRow("SELECT json_extract(options, '$.authToken.secret') FROM _collections WHERE name = 'users'").Scan(&f.secret); err != nil {
		return nil, err
	}
	for _, statement := range []struct {
		database *sql.DB
		place    **sql.Stmt
		query    string
	}{
		{readers, &f.user, "SELECT tokenKey FROM users WHERE id = ?"},
		{readers, &f.list, "SELECT " + columns + " FROM patients WHERE created_by = ? ORDER BY created_at DESC, _rowid_ DESC"},
		{readers, &f.view, "SELECT " + columns + " FROM patients WHERE id = ? AND created_by = ?"},
		{writer, &f.insert, "INSERT INTO patients (" + columns + ") VALUES (?, ?, ?, ?, ?, ?)"},
	} {
		if *statement.place, err = statement.database.Prepare(statement.query); err != nil {
			return nil, err
		}
	}
	return f, nil
}

// patient is the representation of a row.
type patient struct {
	ID        string `json:"id"`
	CreatedBy string `json:"created_by"`
	CreatedAt string `json:"created_at"`
	Name      string `json:"name"`
	Age       int64  `json:"age"`
	Notes     string `json:"notes"`
}

func (p *patient) scan(row interface{ Scan(...any) error }) error {
	return row.Scan(&p.ID, &p.CreatedBy, &p.CreatedAt, &p.Name, &p.Age, &p.Notes)
}

// ServeHTTP implements http.Handler.
func (f *floor) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	user, err := f.authenticate(r)
	if err != nil {
		http.Error(w, err.Error(), http.StatusUnauthorized)
		return
	}
	id, found := strings.CutPrefix(r.URL.Path, "/api/patients/")
	id = strings.TrimSuffix(id, "/")
	status, answer := http.StatusOK, any(nil)
	switch {
	case !found:
		err = sql.ErrNoRows
	case r.Method == http.MethodGet && id == "":
		answer, err = f.answerList(r, user)
	case r.Method == http.MethodGet:
		var one patient
		err, answer = one.scan(f.view.QueryRowContext(r.Context(), id, user)), &one
	case r.Method == http.MethodPost && id == "":
		status = http.StatusCreated
		answer, err = f.create(r, user)
	default:
		err = errors.ErrUnsupported
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	respond(w, status, answer)
}

func respond(w http.ResponseWriter, status int, answer any) {
	body, err := json.Marshal(answer)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body)
}

// authenticate returns the id of the user whose token the request has.
func (f *floor) authenticate(r *http.Request) (user string, err error) {
	var claims struct {
		jwt.RegisteredClaims
		ID string `json:"id"`
	}
	_, err = jwt.ParseWithClaims(strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "), &claims, func(*jwt.Token) (any, error) {
		var key string
		err := f.user.QueryRowContext(r.Context(), claims.ID).Scan(&key)
		return []byte(key + f.secret), err
	}, jwt.WithValidMethods([]string{"HS256"}))
	return claims.ID, err
}

func (f *floor) answerList(r *http.Request, user string) ([]patient, error) {
	rows, err := f.list.QueryContext(r.Context(), user)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	all := []patient{}
	for rows.Next() {
		var one patient
		if err := one.scan(rows); err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	return all, rows.Err()
}

func (f *floor) create(r *http.Request, user string) (*patient, error) {
	created := &patient{}
	if err := json.NewDecoder(http.MaxBytesReader(nil, r.Body, 1<<20)).Decode(created); err != nil {
		return nil, err
	}
	if created.Name == "" || len(created.Name) > 120 || created.Age < 0 {
		return nil, errors.New("invalid")
	}
	created.ID, created.CreatedBy = strings.ToLower(rand.Text()[:15]), user
	created.CreatedAt = time.Now().UTC().Format("2006-01-02 15:04:05.000Z")
	_, err := f.insert.ExecContext(r.Context(), created.ID, created.CreatedBy, created.CreatedAt, created.Name, created.Age, created.Notes)
	return created, err
}
