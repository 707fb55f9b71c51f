// Uses the API through what oapi-codegen makes of its document.
package main

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"os"

	openapi "github.com/oapi-codegen/runtime/types"

	"generated/client"
)

func main() {
	log.SetFlags(0)
	if err := run(context.Background(), os.Args[1]); err != nil {
		log.Fatal(err)
	}
	fmt.Println("done")
}

func run(ctx context.Context, server string) error {
	guest, err := client.NewClientWithResponses(server)
	if err != nil {
		return err
	}
	const email, password = openapi.Email("generated-go@example.com"), "Tr0ub4dor&3"
	registered, err := guest.AuthRegisterCreateWithResponse(ctx, nil, client.UserRequest{Name: "Generated", Email: email, Password: password})
	if err != nil || registered.JSON201 == nil {
		return fmt.Errorf("register: %v %s", err, registered.Body)
	}
	login, err := guest.AuthLoginCreateWithResponse(ctx, nil, client.TokenObtainPairRequest{Email: string(email), Password: password})
	if err != nil || login.JSON200 == nil {
		return fmt.Errorf("login: %v %s", err, login.Body)
	}
	access := login.JSON200.Access
	api, err := client.NewClientWithResponses(server, client.WithRequestEditorFn(func(_ context.Context, request *http.Request) error {
		request.Header.Set("Authorization", "Bearer "+access)
		return nil
	}))
	if err != nil {
		return err
	}
	created, err := api.PatientsCreateWithResponse(ctx, nil, client.PatientRequest{Name: "Ada", Age: 36})
	if err != nil || created.JSON201 == nil {
		return fmt.Errorf("create: %v %s", err, created.Body)
	}
	found, err := api.PatientsRetrieveWithResponse(ctx, created.JSON201.Id, nil)
	if err != nil || found.JSON200 == nil || found.JSON200.Age != 36 {
		return fmt.Errorf("retrieve: %v %s", err, found.Body)
	}
	ended, err := api.PatientsDestroyWithResponse(ctx, created.JSON201.Id, nil)
	if err != nil || ended.StatusCode() != http.StatusNoContent {
		return fmt.Errorf("destroy: %v %s", err, ended.Body)
	}
	missing, err := api.PatientsRetrieveWithResponse(ctx, created.JSON201.Id, nil)
	if err != nil || missing.JSON404 == nil {
		return fmt.Errorf("retrieve again: %v %s", err, missing.Body)
	}
	return nil
}
