// Package hooks enforces Carebase's invariants on records, whichever door the
// caller came through: the documented API, the record API, batch, realtime, the
// dashboard or the command line.
package hooks

import (
	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/config"
	"carebase/internal/sequence"
)

// Bind registers every hook. It is called once, before the app starts.
func Bind(app core.App, config *config.Config) {
	bindSQL(app)
	bindViews(app)
	bindViewTexts(app)
	bindRuleDates(app)
	bindRules(app)
	bindCollections(app)
	bindCollectionCache(app)
	bindServed(app)
	bindDjango(app)
	bindInactive(app)
	bindCredentials(app)
	bindSessions(app)
	bindAccountRows(app)
	bindUsers(app)
	bindEmails(app)
	bindOAuth2(app)
	bindRegistration(app, config.RegistrationClosed)
	bindText(app)
	bindFileNames(app)
	bindIntegers(app)
	bindOwnership(app, config.DoctorsScope)
	bindRecordIDs(app)
	bindNumbers(app, sequence.New(config.PostgreSQL != nil))
	bindValidation(app)
	bindRequired(app)
	bindTokenKeys(app)
	bindImpersonation(app)
	bindUnchanged(app)
	bindUnchangedIDs(app)
	bindFlush(app)
}
