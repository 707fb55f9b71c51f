package audit

import (
	"fmt"
	"strings"

	"carebase/internal/collections"
)

// The types of FHIR R4 (hl7.org/fhir/R4/auditevent.html) that events use.
type (
	// FHIRAuditEvent is an AuditEvent resource.
	FHIRAuditEvent struct {
		ResourceType string       `json:"resourceType"`
		ID           string       `json:"id"`
		Type         fhirCoding   `json:"type"`
		Subtype      []fhirCoding `json:"subtype,omitempty"`
		Action       Action       `json:"action"`
		Recorded     string       `json:"recorded"`
		Outcome      string       `json:"outcome"`
		OutcomeDesc  string       `json:"outcomeDesc"`
		Agent        []fhirAgent  `json:"agent"`
		Source       fhirSource   `json:"source"`
		Entity       []fhirEntity `json:"entity,omitempty"`
	}
	fhirCoding struct {
		System  string `json:"system"`
		Code    string `json:"code"`
		Display string `json:"display"`
	}
	fhirAgent struct {
		Type      *fhirConcept   `json:"type,omitempty"`
		Who       *fhirReference `json:"who,omitempty"`
		AltID     string         `json:"altId,omitempty"`
		Requestor bool           `json:"requestor"`
		Network   *fhirNetwork   `json:"network,omitempty"`
	}
	fhirConcept struct {
		Text string `json:"text"`
	}
	fhirReference struct {
		Reference  string          `json:"reference,omitempty"`
		Identifier *fhirIdentifier `json:"identifier,omitempty"`
		Display    string          `json:"display,omitempty"`
	}
	fhirIdentifier struct {
		System string `json:"system"`
		Value  string `json:"value"`
	}
	fhirNetwork struct {
		Address string `json:"address"`
		Type    string `json:"type"`
	}
	fhirSource struct {
		Site     string        `json:"site"`
		Observer fhirReference `json:"observer"`
		Type     []fhirCoding  `json:"type"`
	}
	fhirEntity struct {
		What   *fhirReference `json:"what,omitempty"`
		Type   *fhirCoding    `json:"type,omitempty"`
		Role   *fhirCoding    `json:"role,omitempty"`
		Name   string         `json:"name,omitempty"`
		Query  []byte         `json:"query,omitempty"` // base64 in JSON
		Detail []fhirDetail   `json:"detail,omitempty"`
	}
	fhirDetail struct {
		Type  string `json:"type"`
		Value string `json:"valueString"`
	}
)

const (
	fhirEventTypes   = "http://terminology.hl7.org/CodeSystem/audit-event-type"
	fhirInteractions = "http://hl7.org/fhir/restful-interaction"
	fhirEntityTypes  = "http://terminology.hl7.org/CodeSystem/audit-entity-type"
	fhirRoles        = "http://terminology.hl7.org/CodeSystem/object-role"
	fhirSourceTypes  = "http://terminology.hl7.org/CodeSystem/security-source-type"
	dicom            = "http://dicom.nema.org/resources/ontology/DCM"
	// identifiers is the prefix of the identifier systems of ids that are not FHIR
	// resources.
	identifiers = "urn:carebase:"
	// networkAddress is FHIR's code for an IP address.
	networkAddress = "2"
)

var (
	fhirRest        = fhirCoding{fhirEventTypes, "rest", "RESTful Operation"}
	fhirActivity    = fhirCoding{dicom, "110100", "Application Activity"}
	fhirLogin       = fhirCoding{dicom, "110114", "User Authentication"}
	fhirPerson      = &fhirCoding{fhirEntityTypes, "1", "Person"}
	fhirObject      = &fhirCoding{fhirEntityTypes, "2", "System Object"}
	fhirPatient     = &fhirCoding{fhirRoles, "1", "Patient"}
	fhirDomain      = &fhirCoding{fhirRoles, "4", "Domain Resource"}
	fhirQuery       = &fhirCoding{fhirRoles, "24", "Query"}
	fhirJob         = &fhirCoding{fhirRoles, "20", "Job"}
	fhirInteraction = map[Action]fhirCoding{
		Create: {fhirInteractions, "create", "create"}, Read: {fhirInteractions, "read", "read"},
		Update: {fhirInteractions, "update", "update"}, Delete: {fhirInteractions, "delete", "delete"},
	}
	fhirSearch = fhirCoding{fhirInteractions, "search-type", "search-type"}
)

// FHIR returns the event as an AuditEvent resource of FHIR R4.
func (e *Exported) FHIR() *FHIRAuditEvent {
	event := &FHIRAuditEvent{
		ResourceType: "AuditEvent", ID: e.ID, Type: fhirActivity, Action: e.Action, Recorded: e.RecordedAt,
		Outcome: "0", OutcomeDesc: string(e.Outcome), Agent: e.fhirAgents(),
		Source: fhirSource{
			Site: "Carebase", Observer: fhirReference{Display: "Carebase"},
			Type: []fhirCoding{{fhirSourceTypes, "4", "Application Server"}},
		},
		Entity: append(e.fhirRecords(), e.fhirRequest()),
	}
	if e.Outcome != Success {
		event.Outcome = "4" // "equivalent to an HTTP 400 response"
	}
	switch interaction, found := fhirInteraction[e.Action]; {
	case strings.HasPrefix(e.Detail, "login"):
		event.Type, event.Subtype = fhirLogin, []fhirCoding{{dicom, "110122", "Login"}}
	case found && e.Collection != "":
		if e.Action == Read && len(e.Records) != 1 {
			interaction = fhirSearch
		}
		event.Type, event.Subtype = fhirRest, []fhirCoding{interaction}
	}
	return event
}

// fhirAgents returns the requestor first: with an impersonator, the superuser, and
// then the user.
func (e *Exported) fhirAgents() []fhirAgent {
	requestor := fhirAgent{AltID: e.Token, Requestor: true}
	if e.Address != "" {
		requestor.Network = &fhirNetwork{Address: e.Address, Type: networkAddress}
	}
	if e.Impersonator != "" {
		requestor.identify(Superuser, e.Impersonator)
		user := fhirAgent{}
		user.identify(e.AgentType, e.Agent)
		return []fhirAgent{requestor, user}
	}
	requestor.identify(e.AgentType, e.Agent)
	return []fhirAgent{requestor}
}

func (a *fhirAgent) identify(kind AgentType, id string) {
	if id != "" {
		a.Type = &fhirConcept{Text: string(kind)}
		a.Who = &fhirReference{Identifier: &fhirIdentifier{System: identifiers + string(kind), Value: id}}
	}
}

// fhirRecords returns the patients and the other accessed records.
func (e *Exported) fhirRecords() []fhirEntity {
	var entities []fhirEntity
	for _, id := range e.Patients {
		entities = append(entities, fhirEntity{What: &fhirReference{Reference: "Patient/" + id}, Type: fhirPerson, Role: fhirPatient})
	}
	for _, id := range e.Records {
		if e.Collection == collections.Patients {
			continue
		}
		what := &fhirReference{Identifier: &fhirIdentifier{System: identifiers + e.Collection, Value: id}}
		entities = append(entities, fhirEntity{What: what, Type: fhirObject, Role: fhirDomain})
	}
	return entities
}

// fhirRequest returns the request, with the properties that FHIR has no field for.
func (e *Exported) fhirRequest() fhirEntity {
	request := fhirEntity{
		What: &fhirReference{Identifier: &fhirIdentifier{System: identifiers + "request", Value: e.RequestID}},
		Type: fhirObject, Role: fhirJob,
	}
	if e.Door == SQL {
		request.Role, request.Query = fhirQuery, []byte(e.Detail)
	} else if e.Detail != "" {
		request.Name = e.Detail
	}
	for _, detail := range []fhirDetail{
		{"door", string(e.Door)}, {"collection", e.Collection}, {"fields", strings.Join(e.Fields, " ")},
		{"chain", e.Chain}, {"hash", e.Hash},
	} {
		if detail.Value != "" {
			request.Detail = append(request.Detail, detail)
		}
	}
	for _, checkpoint := range e.Checkpoints {
		request.Detail = append(request.Detail, fhirDetail{"checkpoint", fmt.Sprintf("%s %d %s", checkpoint.Chain, checkpoint.Seq, checkpoint.Hash)})
	}
	return request
}
