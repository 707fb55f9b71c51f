package cli

import (
	"fmt"
	"net"
	"regexp"

	"github.com/pocketbase/pocketbase/core"
	"github.com/spf13/cobra"

	"carebase/internal/config"
	"carebase/internal/simplejwt"
)

// runServerAddress matches what Django's "runserver" takes: a port, after an address or
// host name or not.
var runServerAddress = regexp.MustCompile(`^(?:(\d{1,3}(?:\.\d{1,3}){3}|\[[a-fA-F0-9:]+\]|[a-zA-Z0-9-]+(?:\.[a-zA-Z0-9-]+)*):)?(\d+)$`)

// NewRunServerCommand returns Django's command "runserver": "serve", with the address as
// an argument.
func NewRunServerCommand(app core.App, settings *config.Config) *cobra.Command {
	serve := NewServeCommand(app, settings)
	return &cobra.Command{
		Use:          "runserver [[ADDR:]PORT]",
		Short:        "Start the server, like serve, on a port of 127.0.0.1 or of another address",
		Example:      "  carebase runserver 8080\n  carebase runserver 0.0.0.0:8000",
		SilenceUsage: true,
		Annotations:  map[string]string{opensItself: "yes"},
		Args: func(command *cobra.Command, arguments []string) error {
			if err := operands("[[ADDR:]PORT]")(command, arguments); err != nil || len(arguments) == 0 {
				return err
			}
			_, err := addressOf(arguments[0])
			return err
		},
		PreRunE: func(_ *cobra.Command, arguments []string) error {
			if err := serve.ParseFlags(nil); err != nil { // which merges the persistent ones
				return err
			}
			if len(arguments) > 0 {
				address, err := addressOf(arguments[0])
				if err != nil {
					return err
				}
				if err := serve.Flags().Set("http", address); err != nil {
					return err
				}
			}
			return serve.PreRunE(serve, nil)
		},
		RunE: func(*cobra.Command, []string) error { return serve.RunE(serve, nil) },
	}
}

// addressOf returns the address to listen on that an argument of "runserver" means.
func addressOf(argument string) (string, error) {
	match := runServerAddress.FindStringSubmatch(argument)
	if match == nil {
		return "", fmt.Errorf("%q is not a valid port number or address:port pair", argument)
	}
	host := match[1]
	switch host {
	case "":
		host = "127.0.0.1"
	case "0": // short for all interfaces
		host = "0.0.0.0"
	}
	if len(host) > 2 && host[0] == '[' {
		host = host[1 : len(host)-1]
	}
	return net.JoinHostPort(host, match[2]), nil
}

// NewFlushExpiredTokensCommand returns SimpleJWT's command "flushexpiredtokens". A
// running server does the same by itself.
func NewFlushExpiredTokensCommand(app core.App, config *config.Config) *cobra.Command {
	return &cobra.Command{
		Use:          "flushexpiredtokens",
		Short:        "Delete expired sessions and blacklisted tokens, as a running server does every hour",
		Args:         operands(),
		SilenceUsage: true,
		PreRunE:      func(*cobra.Command, []string) error { return requireDatabase(app, config) },
		RunE: func(*cobra.Command, []string) error {
			if err := prepareDatabase(app); err != nil {
				return err
			}
			return simplejwt.FlushExpired(app)
		},
	}
}
