// Generated from the OpenAPI document; do not edit.
export type paths = Record<string, never>;
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        APIRoot: {
            readonly patients: string;
            readonly doctors: string;
            readonly mappings: string;
            readonly overview: string;
            readonly schema: string;
        };
        AuditEvent: {
            readonly id: string;
            /** Format: date-time */
            readonly recorded_at: string;
            readonly action: string;
            readonly outcome: string;
            readonly agent: string;
            readonly agent_name: string;
            readonly agent_type: string;
            readonly address: string;
            readonly door: string;
            readonly fields: string[];
            readonly request_id: string;
        };
        Detail: {
            detail: string;
        };
        Doctor: {
            readonly id: number;
            readonly created_by: number;
            /** Format: date-time */
            readonly created_at: string;
            name: string;
            speciality: string;
        };
        DoctorErrors: {
            name?: string[];
            speciality?: string[];
            non_field_errors?: string[];
        };
        DoctorRequest: {
            name: string;
            speciality?: string;
        };
        FieldMetadata: {
            type: string;
            required: boolean;
            read_only: boolean;
            label: string;
            max_length?: number;
            min_value?: number;
            max_value?: number;
        };
        Figure: {
            readonly chart: string;
            readonly label: string;
            readonly count: number;
        };
        LogoutEverywhere: Record<string, never>;
        Metadata: {
            name: string;
            description: string;
            renders: string[];
            parses: string[];
            actions?: {
                [key: string]: {
                    [key: string]: components["schemas"]["FieldMetadata"];
                };
            };
            headers?: {
                [key: string]: {
                    [key: string]: components["schemas"]["FieldMetadata"];
                };
            };
        };
        OpenAPI: {
            openapi: string;
        };
        PaginatedAuditEventList: {
            count: number;
            /** Format: uri */
            next: string | null;
            /** Format: uri */
            previous: string | null;
            results: components["schemas"]["AuditEvent"][];
        };
        PaginatedDoctorList: {
            count: number;
            /** Format: uri */
            next: string | null;
            /** Format: uri */
            previous: string | null;
            results: components["schemas"]["Doctor"][];
        };
        PaginatedPatientDoctorList: {
            count: number;
            /** Format: uri */
            next: string | null;
            /** Format: uri */
            previous: string | null;
            results: components["schemas"]["PatientDoctor"][];
        };
        PaginatedPatientList: {
            count: number;
            /** Format: uri */
            next: string | null;
            /** Format: uri */
            previous: string | null;
            results: components["schemas"]["Patient"][];
        };
        PasswordChange: {
            readonly refresh: string;
            readonly access: string;
        };
        PasswordChangeErrors: {
            old_password?: string[];
            new_password?: string[];
            non_field_errors?: string[];
        };
        PasswordChangeRequest: {
            old_password: string;
            new_password: string;
        };
        PasswordReset: {
            readonly detail: string;
        };
        PasswordResetConfirm: Record<string, never>;
        PasswordResetConfirmErrors: {
            token?: string[];
            new_password?: string[];
            non_field_errors?: string[];
        };
        PasswordResetConfirmRequest: {
            token: string;
            new_password: string;
        };
        PasswordResetErrors: {
            email?: string[];
            non_field_errors?: string[];
        };
        PasswordResetRequest: {
            /** Format: email */
            email: string;
        };
        PatchedDoctorRequest: {
            name?: string;
            speciality?: string;
        };
        PatchedPatientRequest: {
            name?: string;
            age?: number;
            notes?: string;
        };
        Patient: {
            readonly id: number;
            readonly created_by: number;
            /** Format: date-time */
            readonly created_at: string;
            name: string;
            age: number;
            notes: string;
        };
        PatientDoctor: {
            readonly id: number;
            patient: number;
            doctor: number;
            /** Format: date-time */
            readonly assigned_at: string;
        };
        PatientDoctorErrors: {
            patient?: string[];
            doctor?: string[];
            non_field_errors?: string[];
        };
        PatientDoctorRequest: {
            patient: number;
            doctor: number;
        };
        PatientErrors: {
            name?: string[];
            age?: string[];
            notes?: string[];
            non_field_errors?: string[];
        };
        PatientExport: {
            /** Format: date-time */
            readonly exported_at: string;
        };
        PatientImport: {
            readonly rows: number;
            readonly created: number;
        };
        PatientRequest: {
            name: string;
            age: number;
            notes?: string;
        };
        PostmanCollection: Record<string, never>;
        Session: {
            readonly id: string;
            /** Format: date-time */
            readonly created_at: string;
            /** Format: date-time */
            readonly last_used_at: string;
            readonly address: string;
            readonly user_agent: string;
            readonly current: boolean;
        };
        TokenBlacklist: Record<string, never>;
        TokenBlacklistErrors: {
            refresh?: string[];
            non_field_errors?: string[];
        };
        TokenBlacklistRequest: {
            refresh: string;
        };
        TokenObtainPair: {
            readonly refresh: string;
            readonly access: string;
        };
        TokenObtainPairErrors: {
            email?: string[];
            password?: string[];
            non_field_errors?: string[];
        };
        TokenObtainPairRequest: {
            email: string;
            password: string;
        };
        TokenRefresh: {
            readonly access: string;
        };
        TokenRefreshErrors: {
            refresh?: string[];
            non_field_errors?: string[];
        };
        TokenRefreshRequest: {
            refresh: string;
        };
        TokenVerify: Record<string, never>;
        TokenVerifyErrors: {
            token?: string[];
            non_field_errors?: string[];
        };
        TokenVerifyRequest: {
            token: string;
        };
        User: {
            readonly id: number;
            name: string;
            /** Format: email */
            email: string;
        };
        UserErrors: {
            name?: string[];
            email?: string[];
            password?: string[];
            non_field_errors?: string[];
        };
        UserRequest: {
            name: string;
            /** Format: email */
            email: string;
            password: string;
        };
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type ApiRoot = components['schemas']['APIRoot'];
export type AuditEvent = components['schemas']['AuditEvent'];
export type Detail = components['schemas']['Detail'];
export type Doctor = components['schemas']['Doctor'];
export type DoctorErrors = components['schemas']['DoctorErrors'];
export type DoctorRequest = components['schemas']['DoctorRequest'];
export type FieldMetadata = components['schemas']['FieldMetadata'];
export type Figure = components['schemas']['Figure'];
export type LogoutEverywhere = components['schemas']['LogoutEverywhere'];
export type Metadata = components['schemas']['Metadata'];
export type OpenApi = components['schemas']['OpenAPI'];
export type PaginatedAuditEventList = components['schemas']['PaginatedAuditEventList'];
export type PaginatedDoctorList = components['schemas']['PaginatedDoctorList'];
export type PaginatedPatientDoctorList = components['schemas']['PaginatedPatientDoctorList'];
export type PaginatedPatientList = components['schemas']['PaginatedPatientList'];
export type PasswordChange = components['schemas']['PasswordChange'];
export type PasswordChangeErrors = components['schemas']['PasswordChangeErrors'];
export type PasswordChangeRequest = components['schemas']['PasswordChangeRequest'];
export type PasswordReset = components['schemas']['PasswordReset'];
export type PasswordResetConfirm = components['schemas']['PasswordResetConfirm'];
export type PasswordResetConfirmErrors = components['schemas']['PasswordResetConfirmErrors'];
export type PasswordResetConfirmRequest = components['schemas']['PasswordResetConfirmRequest'];
export type PasswordResetErrors = components['schemas']['PasswordResetErrors'];
export type PasswordResetRequest = components['schemas']['PasswordResetRequest'];
export type PatchedDoctorRequest = components['schemas']['PatchedDoctorRequest'];
export type PatchedPatientRequest = components['schemas']['PatchedPatientRequest'];
export type Patient = components['schemas']['Patient'];
export type PatientDoctor = components['schemas']['PatientDoctor'];
export type PatientDoctorErrors = components['schemas']['PatientDoctorErrors'];
export type PatientDoctorRequest = components['schemas']['PatientDoctorRequest'];
export type PatientErrors = components['schemas']['PatientErrors'];
export type PatientExport = components['schemas']['PatientExport'];
export type PatientImport = components['schemas']['PatientImport'];
export type PatientRequest = components['schemas']['PatientRequest'];
export type PostmanCollection = components['schemas']['PostmanCollection'];
export type Session = components['schemas']['Session'];
export type TokenBlacklist = components['schemas']['TokenBlacklist'];
export type TokenBlacklistErrors = components['schemas']['TokenBlacklistErrors'];
export type TokenBlacklistRequest = components['schemas']['TokenBlacklistRequest'];
export type TokenObtainPair = components['schemas']['TokenObtainPair'];
export type TokenObtainPairErrors = components['schemas']['TokenObtainPairErrors'];
export type TokenObtainPairRequest = components['schemas']['TokenObtainPairRequest'];
export type TokenRefresh = components['schemas']['TokenRefresh'];
export type TokenRefreshErrors = components['schemas']['TokenRefreshErrors'];
export type TokenRefreshRequest = components['schemas']['TokenRefreshRequest'];
export type TokenVerify = components['schemas']['TokenVerify'];
export type TokenVerifyErrors = components['schemas']['TokenVerifyErrors'];
export type TokenVerifyRequest = components['schemas']['TokenVerifyRequest'];
export type User = components['schemas']['User'];
export type UserErrors = components['schemas']['UserErrors'];
export type UserRequest = components['schemas']['UserRequest'];
export type $defs = Record<string, never>;
export type operations = Record<string, never>;
