// Carebase is a healthcare backend: the documented REST API on an embedded
// PocketBase.
package main

import (
	"embed"
	"fmt"
	"os"

	"github.com/pocketbase/pocketbase/apis"

	"carebase/internal/app"
)

//go:embed all:pb_public
var embedded embed.FS

func main() {
	if err := app.Run(apis.MustSubFS(embedded, "pb_public")); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
