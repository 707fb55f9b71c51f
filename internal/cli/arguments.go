package cli

import (
	"fmt"
	"net/netip"
	"regexp"

	"github.com/spf13/cobra"
)

// pocketBaseArguments are the arguments of PocketBase's own commands, which ignore
// surplus ones or check them only after the database is open.
var pocketBaseArguments = map[string]cobra.PositionalArgs{
	"carebase serve":            domainNames,
	"carebase migrate":          migrateArguments,
	"carebase superuser upsert": cobra.ExactArgs(2),
	"carebase superuser create": cobra.ExactArgs(2),
	"carebase superuser update": cobra.ExactArgs(2),
	"carebase superuser delete": cobra.ExactArgs(1),
	"carebase superuser otp":    cobra.ExactArgs(1),
	"carebase superuser ips":    networks,
}

// checkArguments makes a command refuse surplus arguments. A command that only groups
// others prints its help, or refuses the name of an unknown one.
func checkArguments(command *cobra.Command) {
	if check, found := pocketBaseArguments[nameOf(command)]; found {
		command.Args = check
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
	return cobra.MaximumNArgs(most)(command, arguments)
}
