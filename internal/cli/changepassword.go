package cli

import (
	"fmt"
	"strings"

	"github.com/pocketbase/pocketbase/core"
	"github.com/spf13/cobra"

	"carebase/internal/config"
)

// maxTries is how often "changepassword" asks for a password.
const maxTries = 3

// NewChangePasswordCommand returns Django's command "changepassword". It sets the
// password of the user and of the superuser with an address.
func NewChangePasswordCommand(app core.App, config *config.Config) *cobra.Command {
	return &cobra.Command{
		Use:   "changepassword EMAIL",
		Short: "Set the password of a user, and of the superuser with the same address",
		Long: `Asks for a new password twice and sets it for the user with the address, and for the superuser of the dashboard with the
same address. All of the user's tokens and sessions end. Without a terminal, both lines are read from standard input.`,
		Args:         operands("EMAIL"),
		SilenceUsage: true,
		PreRunE:      func(*cobra.Command, []string) error { return requireDatabase(app, config) },
		RunE: func(command *cobra.Command, arguments []string) error {
			if err := prepareDatabase(app); err != nil {
				return err
			}
			return changePassword(app, command, arguments[0])
		},
	}
}

func changePassword(app core.App, command *cobra.Command, email string) error {
	var accounts []*core.Record
	owner := account{email: email} // whose spelling the second collection has, too
	for _, collection := range []string{usersCollection, core.CollectionNameSuperusers} {
		found, err := findAccount(app, collection, owner.email)
		if err != nil {
			return err
		}
		if found != nil {
			accounts = append(accounts, found)
			owner.email = found.Email()
		}
		if found != nil && collection == usersCollection {
			owner.name = found.GetString("name")
		}
	}
	if accounts == nil {
		return fmt.Errorf("user '%s' does not exist", email)
	}
	out := command.OutOrStdout()
	if _, err := fmt.Fprintf(out, "Changing password for user '%s'\n", owner.email); err != nil {
		return err
	}
	password, err := askNewPassword(newPrompt(app, command), owner)
	if err != nil {
		return err
	}
	err = app.RunInTransaction(func(tx core.App) error {
		for _, record := range accounts {
			record.SetPassword(password)
			if err := tx.SaveWithContext(command.Context(), record); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "Password changed successfully for user '%s'\n", owner.email)
	return err
}

// askNewPassword asks for a password that the policy accepts.
func askNewPassword(questions prompt, owner account) (string, error) {
	for range maxTries {
		first, second, err := questions.passwords()
		if err != nil {
			return "", err
		}
		problems := []string{"Passwords do not match. Please try again."}
		if first == second {
			problems = passwordProblems(first, owner)
		}
		if problems == nil {
			return first, nil
		}
		if err := questions.complain(strings.Join(problems, "\n")); err != nil {
			return "", err
		}
	}
	return "", problemError(fmt.Sprintf("Aborting password change for user '%s' after %d attempts", owner.email, maxTries))
}
