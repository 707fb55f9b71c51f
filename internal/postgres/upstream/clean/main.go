// Clean drops the databases left behind by runs of PocketBase's test suite.
package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

func main() {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	defer cancel()
	if err := clean(ctx); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func clean(ctx context.Context) error {
	connection, err := pgconn.Connect(ctx, os.Getenv("UPSTREAM_POSTGRES"))
	if err != nil {
		return err
	}
	defer connection.Close(ctx)
	results, err := connection.Exec(ctx, `SELECT datname FROM pg_database WHERE datname LIKE 'upstream\_%'`).ReadAll()
	if err != nil {
		return err
	}
	for _, row := range results[0].Rows {
		if _, err := connection.Exec(ctx, `DROP DATABASE "`+string(row[0])+`" WITH (FORCE)`).ReadAll(); err != nil {
			return err
		}
	}
	return nil
}
