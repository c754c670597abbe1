import type { Clock } from "../runtime/clock.ts";
import type { ClusterSpec, ClusterView, LostEndpoint } from "./cluster-view.ts";
import type { EndpointMember } from "./endpoint-member.ts";
import type { QueryableEndpoint } from "./queryable-endpoint.ts";

type Specs = ReadonlyMap<
  string,
  {
    readonly address: string;
    readonly cluster?: string | undefined;
    readonly isLeaving?: boolean | undefined;
  }
>;
type Members = ReadonlyMap<string, EndpointMember>;

/** Which endpoints of each declared cluster can be asked, and why the others cannot. */
export interface ClusterViews {
  declare(clusters: readonly ClusterSpec[], specs: Specs, members: Members): void;
  /** Looks at the members again. */
  changed(specs: Specs, members: Members): void;
  views(): readonly ClusterView[];
}

export function createClusterViews(options: {
  readonly clock: Clock;
  queryableOf(member: EndpointMember): QueryableEndpoint;
}): ClusterViews {
  let declared: readonly ClusterSpec[] = [];
  let views: readonly ClusterView[] = [];
  /** What is known of addresses that do not answer; outlives the member, which may be dropped. */
  const lost = new Map<string, LostEndpoint>();

  const lose = (address: string, member: EndpointMember | undefined): LostEndpoint => {
    const known = lost.get(address);
    const state = member?.state();
    const info =
      state === undefined || state.kind === "dialing" || state.lastCheckMs === undefined
        ? known?.info
        : { labelSets: state.info.labelSets, timeRange: state.info.timeRange };
    const made: LostEndpoint = {
      address,
      reason: state?.kind === "failing" ? state.error.message : (known?.reason ?? "it has not answered yet"),
      sinceMs: known?.sinceMs ?? options.clock.nowMs(),
      info,
    };
    lost.set(address, made);
    return made;
  };
  const viewOf = (cluster: ClusterSpec, specs: Specs, members: Members): ClusterView => {
    const queryable: QueryableEndpoint[] = [];
    const missing: LostEndpoint[] = [];
    for (const spec of specs.values()) {
      if ((spec.cluster ?? spec.address) !== cluster.name) continue;
      const member = members.get(spec.address);
      if (member?.isQueryable() === true) {
        if (member.state().kind === "ready") lost.delete(spec.address);
        if (member.info().apis.has("store")) queryable.push(options.queryableOf(member));
      } else if (spec.isLeaving !== true) missing.push(lose(spec.address, member));
    }
    return { ...cluster, queryable, lost: missing };
  };
  const look = (specs: Specs, members: Members): void => {
    for (const address of lost.keys()) if (!specs.has(address)) lost.delete(address);
    views = declared.map((cluster) => viewOf(cluster, specs, members));
  };
  return {
    declare(clusters, specs, members) {
      declared = clusters;
      look(specs, members);
    },
    changed: look,
    views: () => views,
  };
}
