package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/pocketbase/pocketbase/core"
	"github.com/spf13/cobra"

	"carebase/internal/config"
	"carebase/internal/rest"
)

const (
	// maxName is the length of a user's name.
	maxName = 150
	// longPassword is the message for a password that cannot be stored.
	longPassword = "This password is too long. It must contain at most 71 bytes."
)

// createSuperuser is Django's command of that name, with its questions and messages.
type createSuperuser struct {
	app         core.App
	environment config.DjangoSuperuser
	noInput     bool
}

// account is whom the command creates.
type account struct{ email, name, password string }

// NewCreateSuperuserCommand returns Django's command "createsuperuser". It creates a
// user of the documented API and a superuser of the dashboard with the same password.
func NewCreateSuperuserCommand(app core.App, settings *config.Config) *cobra.Command {
	c := &createSuperuser{app: app, environment: settings.DjangoSuperuser}
	command := &cobra.Command{
		Use:   "createsuperuser",
		Short: "Create a user who is also a superuser of the dashboard",
		Long: `Creates a user who can log in to the documented API, and a superuser of the dashboard with the same address and password.
Asks for what no flag gives. With --noinput, the password comes from DJANGO_SUPERUSER_PASSWORD, and what no flag gives from
DJANGO_SUPERUSER_EMAIL and DJANGO_SUPERUSER_NAME; without a password the user cannot sign in until "changepassword" sets one.`,
		Example:      "  carebase createsuperuser --email admin@clinic.example --name Admin",
		Args:         operands(),
		SilenceUsage: true,
	}
	flags := command.Flags()
	email, name := flags.String("email", "", "the address of the superuser"), flags.String("name", "", "the name of the superuser")
	flags.BoolVar(&c.noInput, "noinput", false, "ask nothing")
	flags.BoolVar(&c.noInput, "no-input", false, "ask nothing")
	command.RunE = func(command *cobra.Command, _ []string) error {
		return c.run(command, account{email: *email, name: *name})
	}
	return command
}

func (c *createSuperuser) run(command *cobra.Command, given account) error {
	if err := prepareDatabase(c.app); err != nil {
		return err
	}
	questions := newPrompt(c.app, command)
	var made account
	var err error
	if c.noInput {
		made, err = c.withoutInput(given)
	} else if _, found := questions.terminal(); !found {
		_, err := fmt.Fprintln(command.OutOrStdout(), "Superuser creation skipped due to not running in a TTY. You can run `carebase createsuperuser` to create one manually.")
		return err
	} else {
		made, err = c.ask(questions, given, command.Flags().Changed("email"))
	}
	if err != nil {
		return err
	}
	if err := c.create(command.Context(), made); err != nil {
		return err
	}
	_, err = fmt.Fprintln(command.OutOrStdout(), "Superuser created successfully.")
	return err
}

// withoutInput completes what the flags say from the environment.
func (c *createSuperuser) withoutInput(given account) (account, error) {
	if given.email == "" {
		given.email = c.environment.Email
	}
	if given.email == "" {
		return given, problemError("You must use --email with --noinput.")
	}
	if problem, err := c.emailProblem(given.email); problem != "" || err != nil {
		return given, errors.Join(err, problemError(problem))
	}
	if given.name == "" {
		given.name = c.environment.Name
	}
	if given.name == "" {
		return given, problemError("You must use --name with --noinput.")
	}
	given.password = c.environment.Password
	return given, problemError(nameProblem(given.name))
}

// ask asks for what the flags do not give, until the answers are valid.
func (c *createSuperuser) ask(questions prompt, given account, emailGiven bool) (account, error) {
	for first := true; ; first = false {
		if !first || !emailGiven {
			answer, err := questions.line("Email: ")
			if err != nil {
				return given, err
			}
			given.email = answer
		}
		problem, err := c.emailProblem(given.email)
		if err != nil {
			return given, err
		}
		if problem == "" {
			break
		}
		if first && given.email == "" && emailGiven {
			return given, problemError(problem)
		}
		if err := questions.complain(problem); err != nil {
			return given, err
		}
	}
	for given.name == "" {
		answer, err := questions.line("Name: ")
		if err != nil {
			return given, err
		}
		if problem := nameProblem(answer); problem != "" {
			if err := questions.complain("Error: " + problem); err != nil {
				return given, err
			}
			continue
		}
		given.name = answer
	}
	if err := problemError(nameProblem(given.name)); err != nil {
		return given, err
	}
	return c.askPassword(questions, given)
}

func (c *createSuperuser) askPassword(questions prompt, given account) (account, error) {
	for {
		first, second, err := questions.passwords()
		if err != nil {
			return given, err
		}
		problem := ""
		switch {
		case first != second:
			problem = "Error: Your passwords didn't match."
		case rest.Strip(first) == "":
			problem = "Error: Blank passwords aren't allowed."
		case len(first) > maxPasswordBytes:
			problem = "Error: " + longPassword
		}
		if problem != "" {
			if err := questions.complain(problem); err != nil {
				return given, err
			}
			continue
		}
		given.password = first
		if messages := passwordProblems(first, given); messages != nil {
			if err := questions.complain(strings.Join(messages, "\n")); err != nil {
				return given, err
			}
			answer, err := questions.line("Bypass password validation and create user anyway? [y/N]: ")
			if err != nil {
				return given, err
			}
			if strings.ToLower(answer) != "y" {
				continue
			}
		}
		return given, nil
	}
}

func (c *createSuperuser) emailProblem(email string) (string, error) {
	switch found, err := findAccount(c.app, usersCollection, email); {
	case err != nil:
		return "", err
	case found != nil:
		return "Error: That email is already taken.", nil
	case email == "":
		return "Email cannot be blank.", nil
	case !rest.ValidEmail(email):
		return rest.InvalidEmail, nil
	}
	return tooLong(email, maxEmail), nil
}

func nameProblem(name string) string {
	switch {
	case rest.Strip(name) == "":
		return "This field cannot be blank."
	case strings.ContainsRune(name, 0):
		return "Null characters are not allowed."
	}
	return tooLong(name, maxName)
}

func tooLong(text string, most int) string {
	if length := utf8.RuneCountInString(text); length > most {
		return fmt.Sprintf("Ensure this value has at most %d characters (it has %d).", most, length)
	}
	return ""
}

// problemError returns a message of Django's as an error; nil for none.
func problemError(problem string) error {
	if problem == "" {
		return nil
	}
	return errors.New(strings.TrimPrefix(problem, "Error: "))
}

// create creates both accounts, or none.
func (c *createSuperuser) create(ctx context.Context, made account) error {
	if len(made.password) > maxPasswordBytes {
		return problemError(longPassword)
	}
	if ctx == nil {
		ctx = context.Background()
	}
	return c.app.RunInTransaction(func(tx core.App) error {
		user, err := newAccount(tx, usersCollection, made)
		if err != nil {
			return err
		}
		user.Set("name", made.name)
		if err := tx.SaveWithContext(ctx, user); err != nil {
			return err
		}
		superuser, err := findAccount(tx, core.CollectionNameSuperusers, made.email)
		switch {
		case err != nil:
			return err
		case superuser == nil:
			superuser, err = newAccount(tx, core.CollectionNameSuperusers, made)
		case made.password != "":
			superuser.SetPassword(made.password)
		}
		if err != nil {
			return err
		}
		return tx.SaveWithContext(ctx, superuser)
	})
}
