/** The commented `rescind.yaml` that `rescind init` writes. It starts as it is: everything is only reported until somebody asks for more. */

/** The file that the first line points editors at, beside the configuration. */
export const settingsSchemaFile = 'rescind.schema.json';

/** A configuration without any connection; each further section stands ready behind a comment sign. */
export function renderTemplate(): string {
  return template;
}

const template = `# yaml-language-server: $schema=${settingsSchemaFile}
# Rescind. Any value may be \${env:NAME} or \${file:PATH}; unknown keys are errors. Paths are relative to the working directory.
# The environment wins over this file: DATABASE_URL, HOST, PORT, RESCIND_DATA_DIR, LOG_LEVEL.

# The address under which others reach this service: issuer of what it transmits, audience of what it receives.
# publicUrl: https://rescind.example.com

listen:
  host: 127.0.0.1
  port: 8440
  # tls: { cert: "\${file:tls/cert.pem}", key: "\${file:tls/key.pem}" }
  # trustProxy: 1                     # number of proxies in front, or their networks

dataDir: .rescind                     # keys, and PostgreSQL where no database is named
# database: { url: "\${env:DATABASE_URL}" }
# keys: { provider: file, dir: ./keys, wrap: "\${file:/run/secrets/rescind-wrap}" }

policies: ./policies

# report-only: every decision is made and recorded, nothing is done. To act, name what may act, then lift a policy:
#   enforcement: { default: report-only, connections: { okta-main: enforce } }
#   overrides: { RP-017: enforce }
# maxRung is 3 where it is not written (sessions, tokens, a second factor); what goes further is asked for by name.
enforcement: report-only
# overrides: { RP-017: enforce }

profile: standard                     # standard | small (up to 20 people)

organisation:
  # name: Acme
  timeZone: Etc/UTC                   # for leavers without a zone of their own, such as Europe/Oslo
  workingHours: "08:00-17:00"

# Identity providers and other systems. Each has an id that policies, records and this file use.
# connections:
#   - id: okta-main
#     provider: okta
#     orgUrl: https://acme.okta.com
#     auth: { token: "\${env:OKTA_TOKEN}" }
#     events: { secret: "\${env:OKTA_HOOK_SECRET}", pollSeconds: 15 }

# Shared Signals transmitters that this service receives from.
# transmitters:
#   - id: partner
#     issuer: https://partner.example
#     audience: https://rescind.example.com
#     jwksUri: https://partner.example/jwks     # absent: found through the issuer's metadata
#     delivery: push
#     authorizationHeader: "Bearer \${env:PARTNER_PUSH_SECRET}"
#     algorithms: [RS256]
#     mayName: { formats: [email, iss_sub] }

# Shared Signals receivers that this service transmits to.
# receivers:
#   - id: crm
#     token: { sha256: "\${env:CRM_TOKEN_SHA256}" }
#     audience: https://crm.example
#     events: [session-revoked, credential-change]

# operators:
#   groups: { iam-oncall: [], soc-l2: [] }
#   people: { ci: kim@acme.example }  # which person an operator is: nobody approves what is about themselves
#   tokens:
#     - { name: ci, sha256: "\${env:CI_TOKEN_SHA256}", roles: [ingest] }

# People who are known without a directory. Name the break-glass people here: protected people are never acted on.
# identities:
#   - { id: break-glass-1, emails: [break-glass-1@acme.example], privileged: true, protected: true }

# network:
#   allowPrivate: [10.20.0.0/16]      # private addresses that outgoing calls may reach; none by default
`;
