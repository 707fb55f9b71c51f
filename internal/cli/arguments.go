package cli

import (
	"fmt"
	"net/netip"
	"regexp"
	"strconv"
	"strings"

	"github.com/pocketbase/ozzo-validation/v4/is"
	"github.com/spf13/cobra"

	"carebase/internal/rest"
)

// pocketBaseArguments are the arguments of PocketBase's own commands, which ignore
// surplus ones or check them only after the database is open.
var pocketBaseArguments = map[string]cobra.PositionalArgs{
	"carebase serve":         domainNames,
	"carebase migrate":       migrateArguments,
	"carebase superuser ips": networks,
}

// pocketBaseOperands are the arguments that PocketBase's commands demand, by name.
var pocketBaseOperands = map[string][]string{
	"carebase superuser upsert": {"EMAIL", "PASSWORD"},
	"carebase superuser create": {"EMAIL", "PASSWORD"},
	"carebase superuser update": {"EMAIL", "PASSWORD"},
	"carebase superuser delete": {"EMAIL"},
	"carebase superuser otp":    {"EMAIL"},
}

// checkArguments makes a command refuse surplus arguments. A command that only groups
// others prints its help, or refuses the name of an unknown one.
func checkArguments(command *cobra.Command) {
	if check, found := pocketBaseArguments[nameOf(command)]; found {
		command.Args = check
	}
	if names, found := pocketBaseOperands[nameOf(command)]; found {
		command.Use = command.Name() + " " + strings.Join(names, " ")
		command.Args = exactly(names)
	}
	if command.Example != "" && !strings.HasPrefix(command.Example, "  ") {
		command.Example = "  carebase " + command.Example // PocketBase's leave the program out
	}
	if command.Runnable() {
		return
	}
	command.Args = cobra.NoArgs // "unknown command"
	command.RunE = func(command *cobra.Command, _ []string) error { return command.Help() }
	if command.Annotations == nil {
		command.Annotations = map[string]string{}
	}
	command.Annotations[standsAlone] = "yes"
}

// exactly demands one argument for each name. Its error says which one is missing, or
// where the surplus begins, but never shows a password.
func exactly(names []string) cobra.PositionalArgs {
	return func(command *cobra.Command, arguments []string) error {
		usage := command.CommandPath() + " " + strings.Join(names, " ")
		switch {
		case len(arguments) < len(names):
			return fmt.Errorf("%s missing: %s", strings.Join(names[len(arguments):], " and "), usage)
		case len(arguments) > len(names):
			return fmt.Errorf("unexpected argument after %s: %s", names[len(names)-1], usage)
		case names[0] == "EMAIL" && is.EmailFormat.Validate(arguments[0]) != nil && !rest.ValidEmail(arguments[0]):
			return fmt.Errorf("EMAIL is %q, which is not an e-mail address: %s", arguments[0], usage)
		}
		return nil
	}
}

var domainPattern = regexp.MustCompile(`^([A-Za-z0-9_-]+\.)+[A-Za-z0-9-]+$`)

// domainNames refuses what does not look like a domain name, such as a mistyped flag.
func domainNames(_ *cobra.Command, arguments []string) error {
	for _, argument := range arguments {
		if !domainPattern.MatchString(argument) {
			return fmt.Errorf("%q is not a domain name such as clinic.example.com; to listen on an address, use --http", argument)
		}
	}
	return nil
}

func networks(_ *cobra.Command, arguments []string) error {
	for _, argument := range arguments {
		_, addressErr := netip.ParseAddr(argument)
		if _, err := netip.ParsePrefix(argument); err != nil && addressErr != nil {
			return fmt.Errorf("%q is neither an IP address nor a network such as 10.0.0.0/24", argument)
		}
	}
	return nil
}

// AcceptNoInput lets "migrate" have Django's --noinput, which scripts pass: with or without
// it, migrating to the newest version asks nothing.
func AcceptNoInput(root *cobra.Command) {
	for _, command := range root.Commands() {
		if command.Name() == "migrate" {
			command.Flags().Bool("noinput", false, "ask nothing, as migrations never do")
			command.Flags().Bool("no-input", false, "the same")
		}
	}
}

// migrateArguments knows the actions of "migrate" and how many arguments each takes.
func migrateArguments(command *cobra.Command, arguments []string) error {
	if len(arguments) == 0 {
		return nil
	}
	action := arguments[0]
	most, known := map[string]int{"up": 1, "down": 2, "create": 2, "collections": 1, "history-sync": 1}[action]
	if !known {
		return fmt.Errorf("unknown action %q for %q", action, command.CommandPath())
	}
	if action == "down" && len(arguments) == 2 {
		if count, err := strconv.Atoi(arguments[1]); err != nil || count < 1 {
			return fmt.Errorf("%q is not a number of migrations", arguments[1])
		}
	}
	return cobra.MaximumNArgs(most)(command, arguments)
}
