// Generated from the OpenAPI document; do not edit.
export type paths = Record<string, never>;
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        APIRoot: {
            patients: string;
            doctors: string;
            mappings: string;
            overview: string;
            schema: string;
        };
        AuditEvent: {
            id: string;
            /** Format: date-time */
            recorded_at: string;
            action: string;
            outcome: string;
            agent: string;
            agent_name: string;
            agent_type: string;
            address: string;
            door: string;
            collection: string;
            doctor: string;
            fields: string[];
            request_id: string;
        };
        Change: {
            patient: number;
            name: string;
            action: string;
            /** Format: date-time */
            changed_at: string;
        };
        Detail: {
            detail: string;
        };
        Doctor: {
            id: number;
            created_by: number;
            /** Format: date-time */
            created_at: string;
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
            chart: string;
            label: string;
            count: number;
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
            refresh: string;
            access: string;
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
            detail: string;
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
            id: number;
            created_by: number;
            /** Format: date-time */
            created_at: string;
            name: string;
            age: number;
            notes: string;
        };
        PatientDoctor: {
            id: number;
            patient: number;
            doctor: number;
            /** Format: date-time */
            assigned_at: string;
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
            exported_at: string;
        };
        PatientImport: {
            rows: number;
            created: number;
        };
        PatientRequest: {
            name: string;
            age: number;
            notes?: string;
        };
        PostmanCollection: Record<string, never>;
        Session: {
            id: string;
            /** Format: date-time */
            created_at: string;
            /** Format: date-time */
            last_used_at: string;
            address: string;
            user_agent: string;
            current: boolean;
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
            refresh: string;
            access: string;
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
            access: string;
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
            id: number;
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
export type Change = components['schemas']['Change'];
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
