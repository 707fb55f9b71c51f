package cli

import (
	"context"
	"fmt"
	"net"
	"path/filepath"
	"strings"

	"github.com/pocketbase/pocketbase/cmd"
	"github.com/pocketbase/pocketbase/core"
	"github.com/spf13/cobra"

	"carebase/internal/backup"
	"carebase/internal/config"
	"carebase/internal/simplejwt"
	"carebase/migrations"
)

// NewServeCommand returns PocketBase's command "serve", with the configuration as the
// defaults of its flags. It opens the app itself, once it knows that it can listen.
func NewServeCommand(app core.App, settings *config.Config) *cobra.Command {
	serve := cmd.NewServeCommand(app, false)
	serve.Annotations = map[string]string{opensItself: "yes"}
	describeServe(serve, settings)
	serve.PreRunE = func(command *cobra.Command, domains []string) error {
		if err := applyDefaults(command, domains, settings); err != nil {
			return err
		}
		if err := refuseCopy(app.DataDir(), settings); err != nil {
			return err
		}
		if err := checkAddresses(command, settings.MetricsAddr); err != nil {
			return err
		}
		if err := backup.CheckNewReplica(context.Background(), app.DataDir(), settings.Backup.Replica); err != nil {
			return fmt.Errorf("REPLICA_URL: %w", err)
		}
		if err := app.Bootstrap(); err != nil {
			return err
		}
		if err := migrations.RefuseNewer(app); err != nil {
			return err
		}
		simplejwt.ReserveProcessors()
		return nil
	}
	return serve
}

// refuseCopy returns an error if --dir names another directory than DATA_DIR, such as a
// restored copy, which would continue the replica and the heads of the original.
func refuseCopy(directory string, settings *config.Config) error {
	if settings.PostgreSQL != nil || !settings.DataDirIsSet || settings.Backup.Replica == nil && settings.AuditHeads.Place == nil {
		return nil
	}
	served, err := filepath.Abs(directory)
	if err != nil {
		return err
	}
	configured, err := filepath.Abs(settings.DataDir)
	if err != nil || served == configured {
		return err
	}
	return fmt.Errorf("--dir %s is not DATA_DIR, whose REPLICA_URL and AUDIT_HEADS_URL are set: REPLICA_URL= AUDIT_HEADS_URL= METRICS_ADDR= carebase serve --dir %s", directory, directory)
}

// describeServe makes the help say what holds here: PocketBase's has defaults of its
// own.
func describeServe(serve *cobra.Command, settings *config.Config) {
	serve.Use = "serve [DOMAIN ...]"
	serve.Short = "Start the server (on " + settings.HTTPAddr + " unless a domain is given)"
	serve.Example = "  carebase serve\n  carebase serve --http 0.0.0.0:8000\n  carebase serve clinic.example.com"
	serve.Flag("origins").DefValue = "[]" // pflag shows no default for it
	for name, usage := range map[string]string{
		"http":    "`address` to listen on (default " + settings.HTTPAddr + ", of HTTP_ADDR or PORT; 0.0.0.0:80 with a domain)",
		"https":   "`address` to listen on with TLS, to which HTTP requests are redirected (default none; 0.0.0.0:443 with a domain)",
		"origins": "`origins` whose pages may call the API (default CORS_ALLOWED_ORIGINS, or any)",
	} {
		serve.Flag(name).Usage = usage
	}
}

// applyDefaults sets the flags that are not given to what the configuration says.
func applyDefaults(command *cobra.Command, domains []string, settings *config.Config) error {
	defaults := map[string]string{"http": settings.HTTPAddr, "origins": strings.Join(settings.CORSAllowedOrigins, ",")}
	if len(domains) > 0 {
		defaults["http"], defaults["https"] = "0.0.0.0:80", "0.0.0.0:443" // as PocketBase does
	}
	flags := command.Flags()
	for name, value := range defaults {
		if value == "" || flags.Changed(name) {
			continue
		}
		if err := flags.Set(name, value); err != nil {
			return err
		}
	}
	return nil
}

// checkAddresses fails if an address cannot be listened on, before the start creates
// a database.
func checkAddresses(command *cobra.Command, metrics string) error {
	// One is held while the next is tried: two may be the same.
	var held []net.Listener
	defer func() {
		for _, listener := range held {
			_ = listener.Close()
		}
	}()
	try := func(address string) error {
		if address == "" {
			return nil
		}
		listener, err := net.Listen("tcp", address)
		if err == nil {
			held = append(held, listener)
		}
		return err
	}
	for _, flag := range []string{"http", "https"} {
		address, err := command.Flags().GetString(flag)
		if err != nil {
			return err
		}
		if err := try(address); err != nil {
			return fmt.Errorf("failed to listen on %q, which HTTP_ADDR, PORT or --%s says: %w", address, flag, err)
		}
	}
	if err := try(metrics); err != nil {
		return fmt.Errorf("METRICS_ADDR cannot be listened on: %w", err)
	}
	return nil
}
