import { isMap, list, union } from '../shape/collections';
import { dropped, optional, record, required, withDefault } from '../shape/record';
import { boolean, names, text } from '../shape/scalars';
import { refine, type Shape } from '../shape/shape';
import { answered } from './answered';

/** The network that the service keeps for a workspace, with the rules for what may leave it. */

const common = (type: string) => ({
  name: required(text),
  type: dropped(names(type)),
  category: answered,
  status: answered,
  parent_rule_names: answered,
});

interface Rule {
  name: string;
  rule: Record<string, unknown>;
}

const privateEndpoint = refine(
  record({
    ...common('PrivateEndpoint'),
    destination: required(
      record({
        service_resource_id: required(text),
        subresource_target: required(text),
        spark_enabled: required(boolean),
      }),
    ),
    fqdns: optional(list(text)),
  }),
  ({ name, ...rule }): Rule => ({ name, rule: { type: 'PrivateEndpoint', category: 'UserDefined', ...rule } }),
);

const serviceTag = refine(
  record({
    ...common('ServiceTag'),
    destination: required(
      record({
        service_tag: required(text),
        protocol: required(text),
        port_ranges: required(text),
        address_prefixes: optional(list(text)),
      }),
    ),
  }),
  ({ name, ...rule }): Rule => ({ name, rule: { type: 'ServiceTag', category: 'UserDefined', ...rule } }),
);

const fqdn = refine(record({ ...common('FQDN'), destination: required(text) }), ({ name, ...rule }): Rule => ({
  name,
  rule: { type: 'FQDN', category: 'UserDefined', ...rule },
}));

const tagKeys = ['service_tag', 'protocol', 'port_ranges', 'address_prefixes'];

/** The destination says what a rule is; its type, where given, has to fit. */
const rule: Shape<Rule> = union('a rule with name, type and destination', [
  {
    when: (at) => {
      const destination = isMap(at) ? at.optional('destination') : undefined;
      return destination?.isMap === true && tagKeys.some((key) => destination.has(key));
    },
    shape: serviceTag,
  },
  { when: (at) => isMap(at) && at.optional('destination')?.isMap === true, shape: privateEndpoint },
  { when: isMap, shape: fqdn },
]);

export const managedNetwork = refine(
  record({
    isolation_mode: required(names('Disabled', 'AllowInternetOutbound', 'AllowOnlyApprovedOutbound')),
    outbound_rules: withDefault(list(rule), () => []),
    firewall_sku: withDefault(names('Standard', 'Basic'), () => 'Standard' as const),
    network_id: answered,
    status: answered,
  }),
  ({ isolationMode, outboundRules, firewallSku }, at) => {
    const rules: Record<string, unknown> = {};
    for (const [index, one] of outboundRules.entries()) {
      if (Object.hasOwn(rules, one.name)) {
        const place = at.required('outbound_rules').asList()[index] ?? at;
        throw place.error(`two outbound rules have the name ${one.name}`);
      }
      rules[one.name] = one.rule;
    }
    return { isolationMode, outboundRules: rules, firewallSku };
  },
);
