package cli

import (
	"fmt"
	"net/netip"
	"regexp"
	"slices"
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
		command.Args = operands(names...)
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

// operands demands one argument for each name; one whose name is in brackets may be left
// out. Its error says which one is missing or surplus.
func operands(names ...string) cobra.PositionalArgs {
	return func(command *cobra.Command, arguments []string) error {
		least := len(slices.DeleteFunc(slices.Clone(names), func(name string) bool { return strings.HasPrefix(name, "[") }))
		switch {
		case len(arguments) < least:
			return fmt.Errorf("%s missing: %s", strings.Join(names[len(arguments):least], " and "), usageOf(command))
		case len(arguments) > len(names):
			return surplus(command, names, arguments)
		case least > 0 && names[0] == "EMAIL" && is.EmailFormat.Validate(arguments[0]) != nil && !rest.ValidEmail(arguments[0]):
			return fmt.Errorf("EMAIL is %q, which is not an e-mail address: %s", arguments[0], usageOf(command))
		}
		return nil
	}
}

// surplus returns the error for arguments beyond those with names. What follows an account's
// may be a password, or part of one, and is not shown.
func surplus(command *cobra.Command, names, arguments []string) error {
	if slices.Contains(names, "EMAIL") {
		return fmt.Errorf("unexpected argument after %s: %s", names[len(names)-1], usageOf(command))
	}
	return fmt.Errorf("unexpected argument %q: %s", arguments[len(names)], usageOf(command))
}

// usageOf returns a command with its arguments.
func usageOf(command *cobra.Command) string {
	return command.Parent().CommandPath() + " " + command.Use
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
	if len(arguments) > most {
		return fmt.Errorf("unexpected argument %q after %q of %q", arguments[most], action, command.CommandPath())
	}
	return nil
}
